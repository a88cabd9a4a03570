package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The simple gated linear unit (Qin et al. 2023): l3(l1(x) * l2(x)), without an activation.
 *
 * <p>State dict: {@code l1}, {@code l2}, {@code l3}.
 */
public final class Sglu extends UnaryBlock {

  private final Linear l1;
  private final Linear l2;
  private final Linear l3;

  /**
   * A unit.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   * @param bias whether the projections have biases
   */
  public Sglu(int width, int hidden, boolean bias) {
    l1 = child("l1", projection(width, hidden, bias));
    l2 = child("l2", projection(width, hidden, bias));
    l3 = child("l3", projection(hidden, width, bias));
  }

  static Linear projection(int in, int out, boolean bias) {
    return new Linear(in, out, Initializers.normal(0.02), bias ? Initializers.constant(0) : null);
  }

  /**
   * Transforms each position.
   *
   * @param pass what the pass carries
   * @param x (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return l3.forward(pass, l1.forward(pass, x).mul(l2.forward(pass, x)));
  }
}
