package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;

/** The router that routes nothing: every token gets every part with weight one. */
public final class UniformRouter extends UnaryBlock implements Router {

  private final int parts;

  /**
   * Creates the router.
   *
   * @param parts the number of heads, experts or modules
   */
  public UniformRouter(int parts) {
    this.parts = parts;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return route(pass, x);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray route(Pass pass, NDArray tokens) {
    Shape shape = tokens.getShape();
    return tokens
        .getManager()
        .ones(new Shape(shape.get(0), shape.get(1), parts), tokens.getDataType());
  }

  /** {@inheritDoc} */
  @Override
  public int parts() {
    return parts;
  }
}
