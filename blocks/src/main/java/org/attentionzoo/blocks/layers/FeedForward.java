package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * The position-wise network of the Transformer: W2 gelu(W1 x + b1) + b2, with the exact GELU.
 *
 * <p>State dict: {@code fc1}, {@code fc2}.
 */
public final class FeedForward extends UnaryBlock {

  private final Linear fc1;
  private final Linear fc2;
  private final double dropout;

  /**
   * A network.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   * @param dropout the rate after the activation
   */
  public FeedForward(int width, int hidden, double dropout) {
    fc1 = child("fc1", new Linear(width, hidden));
    fc2 = child("fc2", new Linear(hidden, width));
    this.dropout = dropout;
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
    NDArray hidden = Activation.gelu(fc1.forward(pass, x));
    return fc2.forward(pass, Dropout.apply(pass, hidden, dropout));
  }
}
