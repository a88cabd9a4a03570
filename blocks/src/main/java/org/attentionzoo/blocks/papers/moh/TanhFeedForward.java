package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * A position-wise network with the tanh form of GELU, x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
 * / 2.
 *
 * <p>State dict: {@code fc1}, {@code fc2}.
 */
final class TanhFeedForward extends UnaryBlock {

  private final Linear fc1;
  private final Linear fc2;

  TanhFeedForward(int width, int hidden) {
    fc1 = child("fc1", new Linear(width, hidden));
    fc2 = child("fc2", new Linear(hidden, width));
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
    NDArray hidden = fc1.forward(pass, x);
    NDArray cubic = Arithmetic.times(hidden.square(), 0.044715).add(1).mul(hidden);
    NDArray gate = Arithmetic.times(cubic, Math.sqrt(2 / Math.PI)).tanh().add(1);
    return fc2.forward(pass, hidden.mul(Arithmetic.times(gate, 0.5)));
  }
}
