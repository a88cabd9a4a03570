package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;

/**
 * A bias of low rank, b = F_q F_k^T (FlashBias, Wu et al. 2025): the factors are appended to
 * queries and keys, so that the fused kernel adds the bias and nobody ever holds it.
 */
public interface FactoredBias extends AttentionBias {

  /**
   * The factor of the queries.
   *
   * @param pass what the pass carries
   * @param queries (B, H, Lq, d)
   * @param positions (Lq) or (B, Lq) int64
   * @return (1 or B, 1 or H, Lq, R)
   */
  NDArray ofQueries(Pass pass, NDArray queries, NDArray positions);

  /**
   * The factor of the keys.
   *
   * @param pass what the pass carries
   * @param keys (B, H or fewer heads, Lk, d)
   * @param positions (Lk) or (B, Lk) int64
   * @return (1 or B, 1 or H, Lk, R)
   */
  NDArray ofKeys(Pass pass, NDArray keys, NDArray positions);

  /** {@inheritDoc} */
  @Override
  default NDArray bias(
      Pass pass,
      NDArray queries,
      NDArray keys,
      NDArray positions,
      NDArray keyPositions,
      double scale) {
    return ofQueries(pass, queries, positions)
        .matMul(ofKeys(pass, keys, keyPositions).swapAxes(2, 3));
  }
}
