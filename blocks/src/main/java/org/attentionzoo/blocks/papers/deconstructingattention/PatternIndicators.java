package org.attentionzoo.blocks.papers.deconstructingattention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;

/** What patterns of attention look like, by the paper's indicators, as means over a batch. */
public final class PatternIndicators {

  private static final double LEAST = 1e-30;

  private PatternIndicators() {}

  /**
   * The entropy of a row, -sum a ln a, over rows and heads.
   *
   * @param pattern (B, H, L, L), rows sum to 1
   * @return nats
   */
  public static double entropy(NDArray pattern) {
    NDArray logs = Arithmetic.atLeast(pattern, LEAST).log();
    return -pattern.mul(logs).sum(new int[] {-1}).mean().getFloat();
  }

  /**
   * The Frobenius norm of a head's pattern.
   *
   * @param pattern (B, H, L, L)
   * @return the mean over heads
   */
  public static double concentration(NDArray pattern) {
    return pattern.square().sum(new int[] {2, 3}).sqrt().mean().getFloat();
  }

  /**
   * How much heads differ: the standard deviation across heads, summed over the places that a
   * causal pattern has, times 2 / (L (L + 1)).
   *
   * @param pattern (B, H, L, L), causal
   * @return 0 if all heads are equal
   */
  public static double headDiversity(NDArray pattern) {
    long length = pattern.getShape().get(2);
    NDArray centred = pattern.sub(pattern.mean(new int[] {1}, true));
    NDArray deviation = centred.square().mean(new int[] {1}).sqrt();
    double sum = deviation.sum(new int[] {1, 2}).mean().getFloat();
    return 2 * sum / (length * (length + 1));
  }

  /**
   * How much attention the first token gets.
   *
   * @param pattern (B, H, L, L)
   * @return the mean of the first column
   */
  public static double sink(NDArray pattern) {
    return pattern.get("..., 0").mean().getFloat();
  }

  /**
   * How much attention the token a number of places before gets.
   *
   * @param pattern (B, H, L, L)
   * @param before how many places, less than L; 0 for the token itself
   * @return the mean over the tokens that have such a place
   */
  public static double localFocus(NDArray pattern, int before) {
    long length = pattern.getShape().get(2);
    double sum = 0;
    for (long i = before; i < length; i++) {
      sum += pattern.get("..., {}, {}", i, i - before).mean().getFloat();
    }
    return sum / (length - before);
  }
}
