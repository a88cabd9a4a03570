package org.attentionzoo.models.papers.cab;

import org.attentionzoo.blocks.Limits;

/**
 * A model of tokens in which an attention is tried in one pattern.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers how many layers have the attention
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of heads
 * @param mixer the name of the attention, for example {@code cab-abc}
 */
public record PatternTokensConfig(
    int vocabulary, int width, int layers, int hidden, int heads, String mixer) {

  /** Checks the values. */
  public PatternTokensConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.positive("heads", heads);
    Limits.notNegative("layers", layers);
  }
}
