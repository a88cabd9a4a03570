package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.GradientMode;

/**
 * Locality-sensitive hashing by angle (Charikar 2002): one bit for each random direction, which
 * tells on which side of its plane a vector lies. Vectors at a small angle differ in few bits.
 *
 * <p>Thread safety: immutable; the directions belong to their manager.
 *
 * @param directions (d, r) random directions, r from 0 to 30
 * @param visit how the bits become a bucket's number, and so in which order buckets are sorted
 */
public record AngularHash(NDArray directions, Visit visit) {

  private static final int MOST_BITS = 30;

  /** What the number of the bucket with given bits is. */
  public enum Visit {
    /**
     * The Gray code of the bits, b xor (b / 2), as the code of HyperAttention has it. Buckets that
     * follow each other differ in more than one bit where there are three bits or more.
     */
    GRAY_CODE,
    /**
     * The place of the bits in the sequence of Gray codes, so that buckets that follow each other
     * differ in one bit.
     */
    GRAY_RANK
  }

  /** Checks the number of directions. */
  public AngularHash {
    if (directions.getShape().dimension() != 2 || directions.getShape().get(1) > MOST_BITS) {
      throw new IllegalArgumentException(
          "directions "
              + directions.getShape()
              + "; expected (width, number) with at most "
              + MOST_BITS
              + " of them");
    }
  }

  /**
   * The number of buckets.
   *
   * @return 2 to the number of directions
   */
  public long buckets() {
    return 1L << directions.getShape().get(1);
  }

  /**
   * Hashes vectors. No gradient passes.
   *
   * @param x (..., d)
   * @return (...) int64, from 0 to {@link #buckets} - 1
   */
  public NDArray buckets(NDArray x) {
    try (GradientMode ignored = GradientMode.off()) {
      int bits = (int) directions.getShape().get(1);
      Shape rows = x.getShape().slice(0, x.getShape().dimension() - 1);
      if (bits == 0) {
        return x.getManager().zeros(rows, DataType.INT64, x.getDevice());
      }
      NDArray sides = x.matMul(directions).gt(0).toType(DataType.INT64, false);
      NDArray bucket = null;
      NDArray above = null;
      for (int i = bits - 1; i >= 0; i--) {
        NDArray bit = sides.get("..., {}", i);
        NDArray digit = above == null ? bit : bit.neq(above).toType(DataType.INT64, false);
        bucket = bucket == null ? digit : bucket.add(bucket).add(digit);
        above = visit == Visit.GRAY_CODE ? bit : digit;
      }
      return bucket;
    }
  }
}
