package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;

/**
 * A bias of low rank, b = F_q F_k^T (FlashBias, Wu et al. 2025): the factors are appended to
 * queries and keys, so that the fused kernel adds the bias and nobody ever holds it.
 */
public interface FactoredBias extends AttentionBias {

  /**
   * The factors, R columns each.
   *
   * @param queries (1 or B, 1 or H, Lq, R)
   * @param keys (1 or B, 1 or H, Lk, R)
   */
  record Factors(NDArray queries, NDArray keys) {}

  /**
   * The factors of queries and keys.
   *
   * @param pass what the pass carries
   * @param queries (B, H, Lq, d)
   * @param keys (B, H or fewer heads, Lk, d)
   * @param positions (Lq) or (B, Lq) int64
   * @param keyPositions (Lk) or (B, Lk) int64
   * @return both
   */
  Factors factors(
      Pass pass, NDArray queries, NDArray keys, NDArray positions, NDArray keyPositions);

  /** {@inheritDoc} */
  @Override
  default NDArray bias(
      Pass pass,
      NDArray queries,
      NDArray keys,
      NDArray positions,
      NDArray keyPositions,
      double scale) {
    Factors factors = factors(pass, queries, keys, positions, keyPositions);
    return factors.queries().matMul(factors.keys().swapAxes(2, 3));
  }
}
