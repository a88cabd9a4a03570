package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.layers.Dropout;

/** What the factorizations do with logits. */
final class Logits {

  /** Added to the logit of what may not be seen; finite, so that no row is without a weight. */
  static final double HIDDEN = -1e30;

  private Logits() {}

  /** (n, n), 0 where key <= query (or key < query), else hidden. */
  static NDArray earlier(NDArray like, long n, boolean strictly) {
    NDArray index = like.getManager().arange(0, (int) n, 1, DataType.INT64, like.getDevice());
    NDArray row = index.expandDims(1);
    NDArray column = index.expandDims(0);
    return hide(strictly ? column.lt(row) : column.lte(row), like);
  }

  /** 0 where true, else hidden. */
  static NDArray hide(NDArray seen, NDArray like) {
    return Arithmetic.times(seen.toType(like.getDataType(), false).sub(1), -HIDDEN);
  }

  /** (B, 1, S, m) to (B, 1, S): whether a segment has a token. */
  static NDArray any(NDArray exists) {
    return exists.toType(DataType.INT32, false).max(new int[] {3}).gt(0);
  }

  /** a b^T over the last two axes. */
  static NDArray products(NDArray a, NDArray b) {
    int axes = b.getShape().dimension();
    return a.matMul(b.swapAxes(axes - 2, axes - 1));
  }

  /** Softmax over the last axis, with dropout in training. */
  static NDArray weights(Pass pass, NDArray logits, double dropout) {
    return Dropout.apply(pass, logits.softmax(logits.getShape().dimension() - 1), dropout);
  }
}
