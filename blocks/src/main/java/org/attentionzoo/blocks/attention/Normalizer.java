package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;

/**
 * How attention turns the scores of a query into weights of the keys.
 *
 * <p>Implementations are immutable and may be used by several threads.
 */
public interface Normalizer {

  /** Softmax, which has a fused kernel. */
  Normalizer SOFTMAX = new Softmax();

  /**
   * Weighs keys.
   *
   * @param scores (B, H, Lq, Lk) scaled, with biases
   * @param allowed boolean, broadcastable to the scores, true where a key may be seen; null for all
   * @return (B, H, Lq, Lk), 0 where a key may not be seen
   */
  NDArray weights(NDArray scores, NDArray allowed);
}
