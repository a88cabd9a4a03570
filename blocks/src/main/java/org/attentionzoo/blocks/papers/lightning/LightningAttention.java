package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.linear.LinearAttention;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.positions.Alibi;

/**
 * Lightning attention (Qin et al. 2024): o_t = sum over j up to t of exp(-s (t - j)) (q_t . k_j)
 * v_j per head, without softmax, scale or divisor.
 *
 * <p>No parameters. Tap: {@code pattern}.
 */
public final class LightningAttention extends ZooBlock {

  private static final double LEAST_FACTOR = 1e-5;

  private final LinearAttention attention;

  /**
   * Attention with rates of decay.
   *
   * @param rates a rate for each head; empty for no decay
   * @param form how it is computed
   * @param chunk how many tokens the chunked form takes at a time
   */
  public LightningAttention(List<Double> rates, Form form, int chunk) {
    attention =
        new LinearAttention(LinearAttentionConfig.sum(true).decaying(rates).computed(form, chunk));
  }

  /**
   * The rates of a layer's heads: ALiBi's slopes, less for later layers, next to nothing for the
   * last.
   *
   * @param heads the number of heads
   * @param layer the layer, from 0
   * @param layers the number of layers; the only one decays like the first of many
   * @return a rate for each head
   */
  public static List<Double> rates(int heads, int layer, int layers) {
    double factor = layers == 1 ? 1 : 1 - (double) layer / (layers - 1);
    List<Double> rates = new ArrayList<>();
    for (float slope : Alibi.slopes(heads)) {
      rates.add(slope * (factor + LEAST_FACTOR));
    }
    return rates;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(LinearAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries; with a cache, the sequences are continued
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, e)
   * @param valid (B, L) boolean, false where padded; null for all
   * @return (B, H, L, e)
   */
  public NDArray attend(Pass pass, NDArray q, NDArray k, NDArray v, NDArray valid) {
    return attention.attend(pass, this, q, k, v, valid);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs q, k, v and optionally valid, as in {@link #attend}
   * @return (B, H, L, e)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 3 ? inputs.get(3) : null;
    return new NDList(attend(pass, inputs.get(0), inputs.get(1), inputs.get(2), valid));
  }
}
