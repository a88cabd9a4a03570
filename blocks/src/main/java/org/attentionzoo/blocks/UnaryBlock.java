package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** A block of one input and one output. */
public abstract class UnaryBlock extends ZooBlock {

  /**
   * Runs the block.
   *
   * @param pass what the pass carries
   * @param x the input; the concrete block documents its shape
   * @return the output; the concrete block documents its shape
   */
  public abstract NDArray forward(Pass pass, NDArray x);

  /** {@inheritDoc} */
  @Override
  public final NDList forward(Pass pass, NDList inputs) {
    return new NDList(forward(pass, inputs.singletonOrThrow()));
  }
}
