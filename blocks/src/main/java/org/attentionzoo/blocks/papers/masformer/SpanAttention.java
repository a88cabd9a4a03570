package org.attentionzoo.blocks.papers.masformer;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The attention of one layer of MASFormer (Zhang et al. 2023, arXiv 2310.12442, section 3): causal
 * multi-head attention whose span is the layer's own, full or short. Parameters do not depend on
 * the span, so that the weights of a decoder with full attention fit.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}.
 */
public final class SpanAttention extends MixerBlock {

  private final AttentionConfig config;
  private final SpanCore core;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  /**
   * Attention with a span.
   *
   * @param config sizes; causal, without a window, linear biases and grouped keys
   * @param span which earlier tokens a token sees
   * @throws IllegalArgumentException if the config asks for what is not built
   */
  public SpanAttention(AttentionConfig config, AttentionSpan span) {
    if (!config.causal() || config.window() > 0 || config.alibi()) {
      throw new IllegalArgumentException(
          "a span needs causal attention without a window of its own and without linear biases; got "
              + config);
    }
    if (config.keyValueHeads() != config.heads()) {
      throw new IllegalArgumentException(
          "attention with spans has as many key heads as heads; got "
              + config.keyValueHeads()
              + " and "
              + config.heads());
    }
    this.config = config;
    int inner = config.heads() * config.headWidth();
    query = child("q_proj", new Linear(config.width(), inner, config.bias()));
    key = child("k_proj", new Linear(config.width(), inner, config.bias()));
    value = child("v_proj", new Linear(config.width(), inner, config.bias()));
    output = child("o_proj", new Linear(inner, config.width(), config.bias()));
    core = child("core", new SpanCore(span, config.dropout()));
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
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), config.heads());
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.heads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.heads());
    NDArray positions = sequences.positions(pass, this, hidden);
    if (config.rotary() != null) {
      q = config.rotary().rotate(pass, q, positions);
      k = config.rotary().rotate(pass, k, positions);
    }
    NDArray context = core.attend(pass, q, k, v, positions, sequences);
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
