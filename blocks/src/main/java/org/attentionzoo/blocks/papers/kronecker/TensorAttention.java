package org.attentionzoo.blocks.papers.kronecker;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention to tuples of tokens: {@link TensorProductAttention} between projections of
 * the hidden states.
 *
 * <p>State dict, there being no official code: {@code q}, {@code k1}, {@code k2}, ..., {@code v1},
 * {@code v2}, ... (heads headWidth, width), {@code o} (width, heads headWidth). There is no
 * decoding cache.
 */
public final class TensorAttention extends MixerBlock {

  private final TensorAttentionConfig config;
  private final Linear query;
  private final List<Linear> keys = new ArrayList<>();
  private final List<Linear> values = new ArrayList<>();
  private final TensorProductAttention core;
  private final Linear output;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public TensorAttention(TensorAttentionConfig config) {
    this.config = config;
    long inner = (long) config.heads() * config.headWidth();
    query = child("q", new Linear(config.width(), inner));
    for (int i = 1; i < config.order(); i++) {
      keys.add(child("k" + i, new Linear(config.width(), inner)));
    }
    for (int i = 1; i < config.order(); i++) {
      values.add(child("v" + i, new Linear(config.width(), inner)));
    }
    core = child("core", new TensorProductAttention(config.scale(), config.causal()));
    output = child("o", new Linear(inner, config.width()));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return config.causal();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray mixed =
        core.attend(
            pass,
            heads(pass, query, hidden),
            keys.stream().map(k -> heads(pass, k, hidden)).toList(),
            values.stream().map(v -> heads(pass, v, hidden)).toList(),
            sequences.valid());
    return output.forward(pass, Tensors.joinHeads(mixed));
  }

  /** (B, L, width) to (B, heads, L, headWidth). */
  private NDArray heads(Pass pass, Linear projection, NDArray hidden) {
    return Tensors.splitHeads(projection.forward(pass, hidden), config.heads());
  }
}
