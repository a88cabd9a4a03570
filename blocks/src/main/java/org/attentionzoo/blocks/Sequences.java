package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;

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
}
