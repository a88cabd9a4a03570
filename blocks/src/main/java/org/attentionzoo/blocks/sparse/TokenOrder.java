package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;

/**
 * The tokens of each head sorted by their buckets: tokens of a bucket come together, in the order
 * of time. Sorting, and putting back, moves rows; it forms nothing of the size L x L.
 *
 * <p>Thread safety: immutable; the arrays belong to the manager of the buckets.
 *
 * @param indices (B, H, L) int64: at place i stands the token indices[i]
 * @param inverse (B, H, L) int64: token i stands at the place inverse[i]
 */
public record TokenOrder(NDArray indices, NDArray inverse) {

  /**
   * Sorts by bucket; the sort is stable.
   *
   * @param buckets (B, H, L) int64, not negative and less than 2^62 / L
   * @return the order
   */
  public static TokenOrder byBucket(NDArray buckets) {
    long length = buckets.getShape().get(2);
    NDArray place =
        buckets.getManager().arange(0, (int) length, 1, DataType.INT64, buckets.getDevice());
    // No two keys are equal, so that any sort is stable.
    NDArray indices = Arithmetic.times(buckets, length).add(place).argSort(2);
    return new TokenOrder(indices, indices.argSort(2));
  }

  /**
   * Puts rows in order.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d) in the order of time
   * @return (B, H, L, d), sorted
   */
  public NDArray sort(Pass pass, NDArray x) {
    return TokenRows.gather(pass, x, indices);
  }

  /**
   * Puts sorted rows back.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d), sorted
   * @return (B, H, L, d) in the order of time
   */
  public NDArray undo(Pass pass, NDArray x) {
    return TokenRows.gather(pass, x, inverse);
  }
}
