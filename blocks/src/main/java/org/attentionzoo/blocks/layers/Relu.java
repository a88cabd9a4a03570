package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/** PyTorch's {@code ReLU} as a block, max(x, 0), for its place in a {@link Sequential}. */
public final class Relu extends UnaryBlock {

  /**
   * Clears negative values.
   *
   * @param pass what the pass carries
   * @param x any shape
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return Activation.relu(x);
  }
}
