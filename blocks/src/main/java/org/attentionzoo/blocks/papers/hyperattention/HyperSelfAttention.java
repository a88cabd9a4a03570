package org.attentionzoo.blocks.papers.hyperattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Causal multi-head attention whose core is {@link HyperAttention}; its weights are those of {@link
 * org.attentionzoo.blocks.attention.MultiHeadAttention}, whose place it takes in a trained decoder.
 *
 * <p>Attention is exact where the estimate is not meant to be used: up to its minimum length, with
 * padding, and for tokens that continue what a decode cache holds. The first piece of a sequence is
 * estimated as the whole is, so that pieces of a sequence longer than the minimum length do not
 * give what the whole gives.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}.
 */
public final class HyperSelfAttention extends MixerBlock {

  private final AttentionConfig config;
  private final int minimumLength;
  private final HyperAttention core;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  /**
   * Attention with an estimate as its core.
   *
   * @param config sizes; causal, without a window, linear biases and grouped keys
   * @param hyper of the estimate
   * @throws IllegalArgumentException if the config asks for what is not built
   */
  public HyperSelfAttention(AttentionConfig config, HyperAttentionConfig hyper) {
    if (!config.causal()
        || config.window() > 0
        || config.alibi()
        || config.keyValueHeads() != config.heads()) {
      throw new IllegalArgumentException(
          "an estimate of attention needs causal attention without a window, linear biases and"
              + " grouped keys; got "
              + config);
    }
    this.config = config;
    minimumLength = hyper.minimumLength();
    int inner = config.heads() * config.headWidth();
    query = child("q_proj", new Linear(config.width(), inner, config.bias()));
    key = child("k_proj", new Linear(config.width(), inner, config.bias()));
    value = child("v_proj", new Linear(config.width(), inner, config.bias()));
    output = child("o_proj", new Linear(inner, config.width(), config.bias()));
    core = child("core", new HyperAttention(hyper, true));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /**
   * {@inheritDoc}
   *
   * <p>Strictly so up to the minimum length; beyond it later tokens have a say in which earlier
   * ones are seen, see {@link HyperAttention}.
   */
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
    if (config.rotary() != null) {
      NDArray positions = sequences.positions(pass, this, hidden);
      q = config.rotary().rotate(pass, q, positions);
      k = config.rotary().rotate(pass, k, positions);
    }
    CausalKeys seen = CausalKeys.of(pass, this, k, v, sequences);
    long length = hidden.getShape().get(1);
    NDArray context;
    if (seen.causal() && length > minimumLength) {
      context = core.forward(pass, new NDList(q, k, v)).head();
    } else {
      context =
          DotProductAttention.attend(
              pass,
              this,
              q,
              seen.keys(),
              seen.values(),
              seen.mask(),
              null,
              seen.causal(),
              1 / Math.sqrt(config.headWidth()),
              config.dropout());
    }
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
