package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Sequences;

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
    NDArray valid = sequences.valid();
    Shape shape = valid == null ? null : valid.getShape();
    return valid == null ? null : valid.reshape(new Shape(shape.get(0), 1, 1, shape.get(1)));
  }
}
