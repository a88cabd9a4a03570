package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;

/**
 * What a mixer is told about the sequences of a batch.
 *
 * @param valid (B, L) boolean, false where a position is padding; null if nothing is padding
 * @param positions (B, L) int64, each token's position in its own sequence; null for 0, 1, 2, ...
 *     (with a {@link DecodeCache}: counted on from what the cache holds)
 */
public record Sequences(NDArray valid, NDArray positions) {

  /** No padding, positions counted from the start. */
  public static final Sequences FULL = new Sequences(null, null);

  /**
   * Sequences with padding whose positions count valid tokens only.
   *
   * @param valid (B, L) boolean, false where a position is padding; null if nothing is padding
   * @return the description
   */
  public static Sequences padded(NDArray valid) {
    return valid == null ? FULL : new Sequences(valid, null);
  }

  /**
   * Zeros where a token is padding.
   *
   * @param x (B, L, width)
   * @return the same shape; x itself if nothing is padded
   */
  public NDArray withoutPadding(NDArray x) {
    return valid == null ? x : x.mul(valid.toType(x.getDataType(), false).expandDims(-1));
  }

  /**
   * Each token's position; with a decode cache, counted on from what its owner saw before. To be
   * called once per pass and owner.
   *
   * @param pass what the pass carries
   * @param owner the block that asks
   * @param hidden (B, L, ...)
   * @return (L), or (B, L) if there is or was padding; int64. Padded positions repeat the last
   *     valid one
   */
  public NDArray positions(Pass pass, Block owner, NDArray hidden) {
    long length = hidden.getShape().get(1);
    DecodeState state = pass.cache() == null ? null : pass.cache().of(owner);
    NDArray seen = state == null ? null : state.borrow("seen", hidden);
    long offset = state == null ? 0 : state.count("seen");
    if (positions != null) {
      return positions;
    }
    if (valid == null && seen == null) {
      if (state != null) {
        state.setCount("seen", offset + length);
      }
      return hidden
          .getManager()
          .arange((int) offset, (int) (offset + length), 1, DataType.INT64, hidden.getDevice());
    }
    NDArray counted =
        valid == null
            ? hidden
                .getManager()
                .arange(1, (int) length + 1, 1, DataType.INT64, hidden.getDevice())
                .expandDims(0)
            : valid.toType(DataType.INT64, false).cumSum(1);
    NDArray total = seen == null ? counted.add(offset) : counted.add(seen);
    if (state != null) {
      NDArray last = total.get(":, -1:");
      state.put("seen", Arithmetic.atLeast(last, 0).toType(DataType.INT64, false));
    }
    return Arithmetic.atLeast(total.sub(1), 0).toType(DataType.INT64, false);
  }
}
