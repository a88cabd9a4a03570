package org.attentionzoo.blocks.papers.gaam;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;

/**
 * The importance factor of features, layers or moments: the mean attention weight of each over
 * data, brought to the range from 0 to 1.
 */
public final class ImportanceFactor {

  private static final double LEAST_RANGE = 1e-12;

  private ImportanceFactor() {}

  /**
   * Computes factors.
   *
   * @param weights the weights of an attention, (..., n) once the wanted axis is the last one
   * @return (n) between 0 and 1; all 0 where no place differs from another
   */
  public static NDArray of(NDArray weights) {
    long count = weights.getShape().get(weights.getShape().dimension() - 1);
    NDArray mean = weights.reshape(-1, count).mean(new int[] {0});
    NDArray least = mean.min(new int[] {0}, true);
    NDArray range = mean.max(new int[] {0}, true).sub(least);
    return mean.sub(least).div(Arithmetic.atLeast(range, LEAST_RANGE));
  }
}
