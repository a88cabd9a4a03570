package org.attentionzoo.blocks.papers.selectiveselfattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Causal attention whose scores are multiplied by 1 + exp(-exp(beta)) ln n, n being the number of
 * keys that the query sees (Zhang et al. 2024, position-aware part, as in the official code).
 *
 * <p>State dict: {@code c_attn} (queries, keys and values in one), {@code c_proj}, {@code beta} (a
 * scalar, 1.5 at first).
 */
public final class SelectiveGptAttention extends MixerBlock {

  private static final double FIRST_BETA = 1.5;

  private final GptConfig config;
  private final Linear joint;
  private final Linear output;
  private final Parameter beta;

  /**
   * Attention.
   *
   * @param config its sizes
   */
  public SelectiveGptAttention(GptConfig config) {
    this.config = config;
    int width = config.width();
    joint = child("c_attn", config.linear(width, 3 * width, 0.02));
    output = child("c_proj", config.linear(width, width, config.residualDeviation()));
    beta = parameter("beta", Initializers.constant(FIRST_BETA));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDList all = Tensors.splitHeads(joint.forward(pass, hidden), 3, config.heads());
    NDArray q = all.get(0);
    CausalKeys seen = CausalKeys.of(pass, this, all.get(1), all.get(2), sequences);
    NDArray counts = seen.counts(q.getShape().get(2));
    NDArray sharpness = Temperature.ofCounts(counts, pass.value(beta, q));
    NDArray context =
        DotProductAttention.attend(
            pass,
            this,
            q.mul(sharpness),
            seen.keys(),
            seen.values(),
            seen.mask(),
            null,
            seen.causal(),
            1 / Math.sqrt((double) config.width() / config.heads()),
            config.dropout());
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
