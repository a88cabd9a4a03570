package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.Masks;

/**
 * What the heads of an attention work on.
 *
 * @param q queries (B, H, Lt, d)
 * @param k keys (B, H, Ls, d)
 * @param v values (B, H, Ls, d)
 * @param sequences padding and positions of keys and values
 */
public record Heads(NDArray q, NDArray k, NDArray v, Sequences sequences) {

  /**
   * The usual scale of products of queries and keys.
   *
   * @return 1 / sqrt(d)
   */
  double scale() {
    return 1 / Math.sqrt(width());
  }

  long width() {
    return q.getShape().get(3);
  }

  NDArray scaledQueries() {
    return Arithmetic.times(q, scale());
  }

  /** (B, 1, 1, Ls): which keys are no padding; null for all. */
  NDArray valid() {
    return Masks.keys(sequences.valid());
  }
}
