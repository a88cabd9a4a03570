package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Tensors;

/** Softmax over the allowed keys; a query without any gives zeros. */
record Softmax() implements Normalizer {

  /** Stands for minus infinity where a row may be masked as a whole. */
  private static final float MASKED = -1e30f;

  @Override
  public NDArray weights(NDArray scores, NDArray allowed) {
    if (allowed == null) {
      return scores.softmax(-1);
    }
    NDArray keep = allowed.toType(scores.getDataType(), false);
    NDArray blocked = Arithmetic.times(Tensors.oneMinus(keep), MASKED);
    return scores.mul(keep).add(blocked).softmax(-1).mul(keep);
  }
}
