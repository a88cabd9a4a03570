package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Weights sharpened by what exceeds their mean (LSSAR, Gao and Spratling 2025): with N keys in
 * sight, relu(N w - 1)^p, then divided by their sum. Queries that see no more keys than {@code
 * spared} keep what is below the mean: (N w)^p. Where all weights of a query are equal, nothing
 * exceeds the mean and all become 0.
 *
 * @param first makes the weights that are sharpened; they sum to 1
 * @param power p, from 1
 * @param spared up to how many keys in sight nothing is subtracted
 */
public record Reweighted(Normalizer first, double power, int spared) implements Normalizer {

  private static final double LEAST = 1e-30;

  /** Checks the power. */
  public Reweighted {
    if (!(power >= 1)) {
      throw new IllegalArgumentException("power must be at least 1; got " + power);
    }
  }

  /** {@inheritDoc} */
  @Override
  public NDArray weights(NDArray scores, NDArray allowed) {
    NDArray weights = first.weights(scores, allowed);
    NDArray count = PositiveWeights.count(scores, allowed);
    NDArray offset = count.gt(spared).toType(DataType.FLOAT32, false);
    NDArray above = weights.mul(count).sub(offset.toType(weights.getDataType(), false));
    NDArray excess = Activation.relu(above);
    // The sum divides the largest out again: it only keeps the power within the range of floats.
    NDArray largest = Arithmetic.atLeast(excess.max(new int[] {-1}, true).stopGradient(), LEAST);
    NDArray sharp = Arithmetic.power(excess.div(largest), power);
    return sharp.div(Arithmetic.atLeast(sharp.sum(new int[] {-1}, true), LEAST));
  }
}
