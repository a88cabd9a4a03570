package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * A bias as a product of factors, F_q F_k^T.
 *
 * @param queries (H, N, R)
 * @param keys (H, M, R)
 * @param energy the share of the squared values that the factors hold, over all heads; 1 if they
 *     are exact
 */
public record BiasFactors(NDArray queries, NDArray keys, double energy) {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(BiasFactors.class, "flashbias.torchscript");

  /**
   * The number of columns.
   *
   * @return R
   */
  public long rank() {
    return queries.getShape().get(2);
  }

  /**
   * The bias that the factors stand for.
   *
   * @return (H, N, M)
   */
  public NDArray product() {
    return queries.matMul(keys.swapAxes(1, 2));
  }

  /**
   * The factors of a fixed bias that are nearest to it in squares.
   *
   * @param bias (H, N, M)
   * @param rank how many columns, at most min(N, M)
   * @return U sqrt(S) and V sqrt(S), cut after the rank
   * @throws IllegalArgumentException if the rank is not possible
   */
  public static BiasFactors ofRank(NDArray bias, int rank) {
    NDList parts = KERNELS.callAll("singular_vectors", bias);
    return cut(parts, rank);
  }

  /**
   * The fewest columns that hold a share of the squared values in every head.
   *
   * @param bias (H, N, M)
   * @param energy the share, for example 0.995
   * @return the factors
   * @throws IllegalArgumentException if the share is not between 0 and 1
   */
  public static BiasFactors ofEnergy(NDArray bias, double energy) {
    if (!(energy > 0 && energy <= 1)) {
      throw new IllegalArgumentException("energy must be above 0 and at most 1; got " + energy);
    }
    NDList parts = KERNELS.callAll("singular_vectors", bias);
    long heads = parts.get(1).getShape().get(0);
    int most = (int) parts.get(1).getShape().get(1);
    float[] values = parts.get(1).toFloatArray();
    int rank = 1;
    for (int head = 0; head < heads; head++) {
      double all = 0;
      for (int i = 0; i < most; i++) {
        all += square(values[head * most + i]);
      }
      double held = 0;
      int needed = 0;
      // Rounding of the sum may not ask for a column that holds nothing.
      while (needed < most && held < energy * all * (1 - 1e-9)) {
        held += square(values[head * most + needed++]);
      }
      rank = Math.max(rank, needed);
    }
    return cut(parts, rank);
  }

  /**
   * As {@link #ofEnergy}, head by head and without a copy to the host: the columns of a head that
   * are beyond its share are zero.
   *
   * @param bias (H, N, M)
   * @param energy the share, above 0 and at most 1
   * @param rank the most columns
   * @return factors of min(rank, N, M) columns
   */
  static BiasFactors leading(NDArray bias, double energy, int rank) {
    NDList both = KERNELS.callAll("leading_factors", bias, energy, (long) rank);
    return new BiasFactors(both.get(0), both.get(1), energy);
  }

  private static BiasFactors cut(NDList parts, int rank) {
    Shape sizes = parts.get(1).getShape();
    if (rank < 1 || rank > sizes.get(1)) {
      throw new IllegalArgumentException(
          "rank must be from 1 to " + sizes.get(1) + "; got " + rank);
    }
    NDArray kept = parts.get(1).get(":, :{}", rank);
    NDArray root = kept.sqrt().expandDims(1);
    NDArray queries = parts.get(0).get(":, :, :{}", rank).mul(root);
    NDArray keys = parts.get(2).get(":, :{}", rank).swapAxes(1, 2).mul(root);
    double all = parts.get(1).square().sum().getFloat();
    return new BiasFactors(queries, keys, all == 0 ? 1 : kept.square().sum().getFloat() / all);
  }

  /**
   * The exact factors of -weight |x_i - y_j|^2, of rank D + 2.
   *
   * @param queries (N, D) the places of queries
   * @param keys (M, D) the places of keys
   * @param weights (H, N) a weight for each head and query
   * @return the factors
   */
  public static BiasFactors squaredDistance(NDArray queries, NDArray keys, NDArray weights) {
    NDArray ofQueries = queries.square().sum(new int[] {1}, true);
    NDArray left =
        ofQueries
            .neg()
            .concat(ofQueries.onesLike().neg(), 1)
            .concat(Arithmetic.times(queries, 2), 1);
    NDArray ofKeys = keys.square().sum(new int[] {1}, true);
    NDArray right = ofKeys.onesLike().concat(ofKeys, 1).concat(keys, 1);
    long heads = weights.getShape().get(0);
    return new BiasFactors(
        left.expandDims(0).mul(weights.expandDims(2)), right.expandDims(0).repeat(0, heads), 1);
  }

  private static double square(double x) {
    return x * x;
  }
}
