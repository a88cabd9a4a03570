package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The gated position-wise network of Motif: W_down (PolyNorm(W_gate x) * W_up x).
 *
 * <p>State dict: {@code gate_proj}, {@code up_proj}, {@code down_proj}, {@code act_fn}.
 */
public final class PolyNormNetwork extends UnaryBlock {

  private final Linear gate;
  private final Linear up;
  private final Linear down;
  private final PolyNorm activation;

  /**
   * A network.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   */
  public PolyNormNetwork(int width, int hidden) {
    this(width, hidden, false);
  }

  /**
   * A network.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   * @param bias whether the projections have biases
   */
  public PolyNormNetwork(int width, int hidden, boolean bias) {
    gate = child("gate_proj", new Linear(width, hidden, bias));
    up = child("up_proj", new Linear(width, hidden, bias));
    down = child("down_proj", new Linear(hidden, width, bias));
    activation = child("act_fn", new PolyNorm());
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
    NDArray gated = activation.forward(pass, gate.forward(pass, x));
    return down.forward(pass, gated.mul(up.forward(pass, x)));
  }
}
