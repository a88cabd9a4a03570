package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/** Masks of attention: boolean, true where a query sees a key. Thread safety: stateless. */
public final class Masks {

  private Masks() {}

  /**
   * Keys that are not later than the query; the last query is the last key.
   *
   * @param like an array of the manager and device of the result
   * @param queries how many there are
   * @param keys how many there are, at least as many as queries
   * @return (1, 1, Lq, Lk)
   */
  public static NDArray causal(NDArray like, long queries, long keys) {
    return notLater(like, (int) (keys - queries), queries, keys);
  }

  /**
   * Keys that are not later than the query; the first query is the first key, as in PyTorch's
   * {@code is_causal}.
   *
   * @param like an array of the manager and device of the result
   * @param queries how many there are
   * @param keys how many there are
   * @return (1, 1, Lq, Lk)
   */
  public static NDArray causalFromFirst(NDArray like, long queries, long keys) {
    return notLater(like, 0, queries, keys);
  }

  private static NDArray notLater(NDArray like, int first, long queries, long keys) {
    NDManager manager = like.getManager();
    NDArray row = manager.arange(first, first + (int) queries, 1, DataType.INT64, like.getDevice());
    NDArray column = manager.arange(0, (int) keys, 1, DataType.INT64, like.getDevice());
    return column.expandDims(0).lte(row.expandDims(1)).expandDims(0).expandDims(0);
  }

  /**
   * Keys that are no padding, for every head and query.
   *
   * @param valid (B, Lk) boolean, false where a key is padding; null if nothing is padding
   * @return (B, 1, 1, Lk); null for null
   */
  public static NDArray keys(NDArray valid) {
    return valid == null ? null : valid.expandDims(1).expandDims(1);
  }

  /**
   * The same mask for every head.
   *
   * @param mask (Lq, Lk) or (B, Lq, Lk)
   * @return (1 or B, 1, Lq, Lk)
   */
  public static NDArray ofAllHeads(NDArray mask) {
    return mask.getShape().dimension() == 3 ? mask.expandDims(1) : mask.expandDims(0).expandDims(0);
  }

  /**
   * What two masks allow.
   *
   * @param one a mask; null if all may be seen
   * @param other a mask; null if all may be seen
   * @return where both are true; null if both are null
   */
  public static NDArray both(NDArray one, NDArray other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.logicalAnd(other);
  }
}
