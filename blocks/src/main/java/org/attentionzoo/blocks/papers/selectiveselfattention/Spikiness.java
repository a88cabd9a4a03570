package org.attentionzoo.blocks.papers.selectiveselfattention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;

/**
 * How spread attention is: |s|_1 / (n |s|_2^2) of a row of weights, 1 if uniform, small if spiky.
 */
public final class Spikiness {

  private static final double LEAST = 1e-30;

  private Spikiness() {}

  /**
   * Measures rows.
   *
   * @param pattern (..., Lq, Lk), not negative
   * @return (..., Lq), with n the number of keys Lk
   */
  public static NDArray of(NDArray pattern) {
    long keys = pattern.getShape().get(pattern.getShape().dimension() - 1);
    NDArray squares = Arithmetic.atLeast(pattern.square().sum(new int[] {-1}), LEAST);
    return pattern.abs().sum(new int[] {-1}).div(Arithmetic.times(squares, keys));
  }
}
