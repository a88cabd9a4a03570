package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.OptionalDouble;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;

/**
 * Attention with a bias of low rank (FlashBias, Wu et al. 2025): softmax(scale Q K^T + F_q F_k^T +
 * b) V, computed without forming F_q F_k^T. Has no parameters.
 */
public final class FactoredBiasAttention extends ZooBlock {

  private final OptionalDouble scale;
  private final boolean causal;

  /**
   * Attention with logits q k / sqrt(d).
   *
   * @param causal whether query i sees only keys up to i
   */
  public FactoredBiasAttention(boolean causal) {
    scale = OptionalDouble.empty();
    this.causal = causal;
  }

  /**
   * Attention.
   *
   * @param scale multiplies the product of queries and keys, but not the bias
   * @param causal whether query i sees only keys up to i
   */
  public FactoredBiasAttention(double scale, boolean causal) {
    this.scale = OptionalDouble.of(scale);
    this.causal = causal;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries (B, Lq, H, d), keys and values (B, Lk, H, d), factors of queries (1 or B,
   *     Lq, H, R) and of keys (1 or B, Lk, H, R), and optionally a bias that is broadcastable to
   *     (B, H, Lq, Lk)
   * @return (B, Lq, H, d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray bias = inputs.size() > 5 ? inputs.get(5) : null;
    return new NDList(
        attend(
            pass, inputs.get(0), inputs.get(1), inputs.get(2), inputs.get(3), inputs.get(4), bias));
  }

  /**
   * Attends, with or without either bias.
   *
   * @param pass what the pass carries
   * @param q (B, Lq, H, d)
   * @param k (B, Lk, H, d)
   * @param v (B, Lk, H, d)
   * @param queryFactors (1 or B, Lq, 1 or H, R); null for none
   * @param keyFactors (1 or B, Lk, 1 or H, R); null where there are none of queries
   * @param bias broadcastable to (B, H, Lq, Lk); null for none
   * @return (B, Lq, H, d)
   */
  public NDArray attend(
      Pass pass,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray queryFactors,
      NDArray keyFactors,
      NDArray bias) {
    if ((queryFactors == null) != (keyFactors == null)) {
      throw new IllegalArgumentException(
          "only one of queries and keys has factors; give both or none");
    }
    double factor = scale.orElse(1 / Math.sqrt(q.getShape().get(3)));
    NDArray queries = q.swapAxes(1, 2);
    NDArray keys = k.swapAxes(1, 2);
    NDArray values = v.swapAxes(1, 2);
    if (queryFactors == null) {
      return DotProductAttention.attend(
              pass, this, queries, keys, values, null, bias, causal, factor, 0)
          .swapAxes(1, 2);
    }
    return DotProductAttention.attendFactored(
            pass,
            this,
            queries,
            keys,
            values,
            queryFactors.swapAxes(1, 2),
            keyFactors.swapAxes(1, 2),
            null,
            bias,
            causal,
            factor,
            0,
            Normalizer.SOFTMAX)
        .swapAxes(1, 2);
  }

  /**
   * How many numbers a bias takes.
   *
   * @param heads the number of heads
   * @param queries the number of queries
   * @param keys the number of keys
   * @param rank the rank of its factors; 0 if it stands as a whole
   * @return the count
   */
  public static long biasNumbers(long heads, long queries, long keys, long rank) {
    return rank == 0 ? heads * queries * keys : heads * (queries + keys) * rank;
  }
}
