package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;

/**
 * Which earlier tokens a token of causal attention sees.
 *
 * @param kind the shape of the span
 * @param size the number of tokens of a window or block; not used if the span is full
 */
public record AttentionSpan(Kind kind, int size) {

  /** The shape of a span. */
  public enum Kind {
    /** All earlier tokens. */
    FULL,
    /** The last tokens, itself included. */
    WINDOW,
    /** Those in its own block: nothing crosses a border between blocks. */
    BLOCK,
    /** Those in its own block and in the one before. */
    BLOCK_AND_PREVIOUS
  }

  /** Every earlier token. */
  public static final AttentionSpan FULL = new AttentionSpan(Kind.FULL, 1);

  /** Checks the size. */
  public AttentionSpan {
    if (size < 1) {
      throw new IllegalArgumentException("a span has at least 1 token, got " + size);
    }
  }

  /**
   * The last tokens.
   *
   * @param size how many, itself included
   * @return the span
   */
  public static AttentionSpan window(int size) {
    return new AttentionSpan(Kind.WINDOW, size);
  }

  /**
   * Whether a query sees a key, besides padding.
   *
   * @param queries int64 positions, broadcastable to those of the keys
   * @param keys int64 positions
   * @return boolean, true where the key is not later and within the span
   */
  public NDArray sees(NDArray queries, NDArray keys) {
    NDArray earlier = keys.lte(queries);
    return switch (kind) {
      case FULL -> earlier;
      case WINDOW -> earlier.logicalAnd(keys.gt(queries.sub(size)));
      case BLOCK -> earlier.logicalAnd(keys.gte(blockStart(queries)));
      case BLOCK_AND_PREVIOUS -> earlier.logicalAnd(keys.gte(blockStart(queries).sub(size)));
    };
  }

  /**
   * The earliest token that the next one or any later one sees.
   *
   * @param next the next token's position
   * @return a position up to {@code next}
   */
  public long earliest(long next) {
    return switch (kind) {
      case FULL -> 0;
      case WINDOW -> Math.max(0, next - size + 1);
      case BLOCK -> next / size * size;
      case BLOCK_AND_PREVIOUS -> Math.max(0, (next / size - 1) * size);
    };
  }

  /**
   * How many pairs of query and key attention looks at.
   *
   * @param length the number of tokens
   * @return the sum over all tokens of how many each sees
   */
  public long pairs(long length) {
    long pairs = 0;
    for (long i = 0; i < length; i++) {
      pairs += i + 1 - earliest(i);
    }
    return pairs;
  }

  private NDArray blockStart(NDArray positions) {
    return positions.sub(positions.mod(size));
  }
}
