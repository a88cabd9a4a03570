package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;

/**
 * The loss by which one attention learns another's weights, to take its place in a trained model:
 * cross entropy of the weights (Zhang et al. 2024, Hedgehog) and mean square of the heads' outputs
 * (Zhang et al. 2024, LoLCATs).
 *
 * @param crossEntropy the factor of the cross entropy of a row of weights, the mean over rows
 * @param meanSquare the factor of the mean square of the outputs' difference
 */
public record AttentionTransfer(double crossEntropy, double meanSquare) {

  /** Weights are bounded from below before their logarithm is taken. */
  private static final double LEAST = 1e-12;

  /** Checks the factors. */
  public AttentionTransfer {
    if (!(crossEntropy >= 0 && meanSquare >= 0 && crossEntropy + meanSquare > 0)) {
      throw new IllegalArgumentException(
          "crossEntropy and meanSquare must not be negative, nor both 0; got "
              + crossEntropy
              + " and "
              + meanSquare);
    }
  }

  /**
   * The loss of one layer.
   *
   * @param weights (B, H, Lq, Lk) what is learned; rows sum to 1
   * @param teacher (B, H, Lq, Lk) whose weights are to be learned
   * @param outputs (B, H, Lq, e) what the weights give
   * @param teacherOutputs (B, H, Lq, e) what the teacher's weights give
   * @param valid (B, Lq) boolean, false where a query is padding; null for all
   * @return a scalar
   */
  public NDArray loss(
      NDArray weights, NDArray teacher, NDArray outputs, NDArray teacherOutputs, NDArray valid) {
    NDArray loss = null;
    if (crossEntropy > 0) {
      NDArray logits = Arithmetic.atLeast(weights, LEAST).log();
      NDArray rows = teacher.mul(logits.logSoftmax(3)).sum(new int[] {3}, true).neg();
      loss = Arithmetic.times(mean(rows, valid), crossEntropy);
    }
    if (meanSquare > 0) {
      NDArray squares = outputs.sub(teacherOutputs).square();
      NDArray term = Arithmetic.times(mean(squares, valid), meanSquare);
      loss = loss == null ? term : loss.add(term);
    }
    return loss;
  }

  /** Over all that is not padding. */
  private static NDArray mean(NDArray x, NDArray valid) {
    if (valid == null) {
      return x.mean();
    }
    NDArray live = valid.toType(x.getDataType(), false).expandDims(1).expandDims(-1);
    NDArray all = x.onesLike().mul(live);
    return x.mul(live).sum().div(Arithmetic.atLeast(all.sum(), 1));
  }
}
