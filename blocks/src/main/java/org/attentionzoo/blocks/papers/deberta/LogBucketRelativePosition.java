package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Relative positions of DeBERTa: the distance from a key to a query, i - j, kept up to half the
 * number of buckets and counted logarithmically beyond,
 *
 * <pre>
 *   bucket(r) = r                                                         if |r| &lt;= mid
 *   bucket(r) = sign(r) (mid + ceil(ln(|r|/mid) / ln((M-1)/mid) (mid-1))) otherwise
 * </pre>
 *
 * with mid = buckets / 2 and M the largest distance, beyond which distances are cut. Bucket b is
 * row b + S of the table of relative positions, which has 2 S rows.
 *
 * @param buckets how many buckets a side; 0 for none, that is, bucket(r) = r
 * @param maximum M, the largest distance; also S if there are no buckets
 */
public record LogBucketRelativePosition(int buckets, int maximum) {

  /**
   * Half the rows of the table.
   *
   * @return S
   */
  public int span() {
    return buckets > 0 ? buckets : maximum;
  }

  /**
   * How many rows on each side of the middle sequences of a length can reach.
   *
   * @param length the number of tokens
   * @return at most {@link #span()}; rows -reach to reach - 1 around the middle are enough
   */
  public int reach(long length) {
    long farthest = length - 1;
    int mid = buckets / 2;
    if (buckets > 0 && farthest > mid) {
      double most = Math.min(farthest, maximum - 1L);
      double log = Math.log(most / mid) / Math.log((maximum - 1.0) / mid) * (mid - 1);
      // a row more than needed, since the rows themselves come from arithmetic in float32
      double bound = Double.isFinite(log) ? mid + Math.ceil(log) + 2 : buckets;
      return (int) Math.min(Math.max(bound, mid + 2), buckets);
    }
    return (int) Math.min(length, span());
  }

  /**
   * The buckets of all distances of sequences of a length.
   *
   * @param like an array on the wanted device, whose manager owns the result
   * @param length the number of tokens, L
   * @return (2 L - 1) int64: the buckets of the distances -(L-1) to L-1
   */
  public NDArray buckets(NDArray like, long length) {
    NDManager manager = like.getManager();
    NDArray distance =
        manager.arange(-(int) length + 1, (int) length, 1, DataType.INT64, like.getDevice());
    if (buckets <= 0) {
      return distance;
    }
    int mid = buckets / 2;
    // float32 throughout, as the official code has it: a bucket may end at a rounded logarithm
    NDArray cut = Arithmetic.atMost(Arithmetic.atLeast(distance, 1 - maximum), maximum - 1);
    NDArray exact = cut.toType(DataType.FLOAT32, false);
    NDArray size = exact.abs();
    NDArray middle = manager.full(new Shape(), mid, DataType.FLOAT32);
    NDArray range =
        manager.full(new Shape(), (float) Math.log((maximum - 1.0) / mid), DataType.FLOAT32);
    NDArray logarithm = size.div(middle).log().div(range);
    NDArray far = Arithmetic.times(logarithm, mid - 1).ceil().add(mid);
    return NDArrays.where(size.lte(mid), exact, far.mul(exact.sign()))
        .toType(DataType.INT64, false);
  }

  /**
   * The row for each query and key.
   *
   * @param like an array on the wanted device, whose manager owns the result
   * @param length the number of tokens, L
   * @param rows half the rows of the table that are used, at least {@link #reach}
   * @return (L, L) int64: for query i and key j bucket(i - j) + rows, cut to 0 to 2 rows - 1
   */
  public NDArray index(NDArray like, long length, int rows) {
    NDArray all = buckets(like, length).add(rows);
    NDArray cut = Arithmetic.atMost(Arithmetic.atLeast(all, 0), 2 * rows - 1);
    NDArray place = like.getManager().arange(0, (int) length, 1, DataType.INT64, like.getDevice());
    NDArray shifted = place.expandDims(1).sub(place.expandDims(0)).add(length - 1);
    return cut.toType(DataType.INT64, false).gather(shifted.reshape(-1), 0).reshape(length, length);
  }
}
