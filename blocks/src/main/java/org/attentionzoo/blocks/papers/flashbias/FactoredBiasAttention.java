package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDList;
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

  private final double scale;
  private final boolean causal;

  /**
   * Attention.
   *
   * @param scale multiplies the product of queries and keys, but not the bias
   * @param causal whether query i sees only keys up to i
   */
  public FactoredBiasAttention(double scale, boolean causal) {
    this.scale = scale;
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
    return new NDList(
        DotProductAttention.attendFactored(
                pass,
                this,
                inputs.get(0).swapAxes(1, 2),
                inputs.get(1).swapAxes(1, 2),
                inputs.get(2).swapAxes(1, 2),
                inputs.get(3).swapAxes(1, 2),
                inputs.get(4).swapAxes(1, 2),
                null,
                inputs.size() > 5 ? inputs.get(5) : null,
                causal,
                scale,
                0,
                Normalizer.SOFTMAX)
            .swapAxes(1, 2));
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
