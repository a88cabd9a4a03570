package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * What a condition makes of normalised hidden states (adaptive layer norm, Peebles and Xie 2023): W
 * silu(c) + b holds shifts, scales and gates. Starts at zero.
 *
 * <p>State dict: {@code 1} (parts width, width), the official {@code Sequential}'s second module.
 */
final class Modulation extends UnaryBlock {

  private static final double EPSILON = 1e-6;

  private final Linear linear;

  Modulation(int width, int parts) {
    linear =
        child(
            "1",
            new Linear(
                width, (long) parts * width, Initializers.constant(0), Initializers.constant(0)));
  }

  /**
   * The vectors of a condition.
   *
   * @param pass what the pass carries
   * @param condition (B, width)
   * @return (B, 1, parts width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray condition) {
    return linear.forward(pass, Arithmetic.silu(condition)).expandDims(1);
  }

  /** LayerNorm without parameters, then times (1 + scale) plus shift; x is (B, L, width). */
  static NDArray apply(NDArray x, NDArray shift, NDArray scale) {
    NDArray centred = x.sub(x.mean(new int[] {-1}, true));
    NDArray variance = centred.square().mean(new int[] {-1}, true);
    NDArray norm = centred.mul(Arithmetic.power(variance.add(EPSILON), -0.5));
    return norm.mul(scale.add(1)).add(shift);
  }
}
