package org.attentionzoo.models.papers.rcmha;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.rcmha.RcmhaConfig;

/**
 * The language model of RCMHA.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on residual branches
 * @param heads the number of heads
 * @param convolution whether queries, keys and values pass a convolution
 * @param relative whether scores have the terms of relative positions
 * @param reach how many tokens before and after a query have their own rows in the tables
 */
public record RcmhaModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    double dropout,
    int heads,
    boolean convolution,
    boolean relative,
    int reach) {

  /** Checks the values. */
  public RcmhaModelConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
  }

  RcmhaConfig attention() {
    return new RcmhaConfig(width, heads, convolution, relative, reach, dropout);
  }
}
