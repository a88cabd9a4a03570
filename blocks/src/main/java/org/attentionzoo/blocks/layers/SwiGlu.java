package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * The gated position-wise network of Shazeer 2020, equation 6: W_down (silu(W_gate x) * W_up x),
 * without biases.
 *
 * <p>State dict, as in Llama: {@code gate_proj}, {@code up_proj}, {@code down_proj}.
 */
public final class SwiGlu extends UnaryBlock {

  private final Linear gate;
  private final Linear up;
  private final Linear down;
  private final double dropout;

  /**
   * A network.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   * @param dropout the rate before the last projection
   */
  public SwiGlu(int width, int hidden, double dropout) {
    gate = child("gate_proj", new Linear(width, hidden, false));
    up = child("up_proj", new Linear(width, hidden, false));
    down = child("down_proj", new Linear(hidden, width, false));
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
    NDArray hidden = Arithmetic.silu(gate.forward(pass, x)).mul(up.forward(pass, x));
    return down.forward(pass, Dropout.apply(pass, hidden, dropout));
  }
}
