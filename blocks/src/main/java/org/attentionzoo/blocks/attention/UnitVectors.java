package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;

/** Divides vectors by their lengths. */
public final class UnitVectors {

  private static final double LEAST_SQUARE = 1e-24;

  private UnitVectors() {}

  /**
   * Divides by lengths.
   *
   * @param x (..., d)
   * @return the same shape, of length 1 or, where x is zero, 0
   */
  public static NDArray of(NDArray x) {
    NDArray square = x.square().sum(new int[] {-1}, true);
    return x.div(Arithmetic.atLeast(square, LEAST_SQUARE).sqrt());
  }
}
