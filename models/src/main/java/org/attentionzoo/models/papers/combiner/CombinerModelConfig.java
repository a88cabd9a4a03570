package org.attentionzoo.models.papers.combiner;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.combiner.CombinerConfig;
import org.attentionzoo.blocks.sparse.SpanPooling;

/**
 * A decoder whose tokens see each other directly, within windows, or through Combiner's spans.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the networks
 * @param dropout the rate on residual branches
 * @param attentionDropout the rate on attention weights
 * @param heads the number of heads
 * @param mixing how tokens see each other
 * @param segment the number of tokens of a segment, row or window
 * @param pooling how queries and keys of a span become one
 */
public record CombinerModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    double dropout,
    double attentionDropout,
    int heads,
    Mixing mixing,
    int segment,
    SpanPooling pooling) {

  /** Checks the values. */
  public CombinerModelConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
    Limits.rate("attentionDropout", attentionDropout);
  }

  /** How tokens see each other. */
  public enum Mixing {
    /** The own segment, and earlier ones as spans. */
    FIXED,
    /** Spans of 1, 2, 4, ... tokens. */
    LOGSPARSE,
    /** The own row, and readings of earlier rows. */
    AXIAL_ROWMAJOR,
    /** The own row and column, and parts of others. */
    AXIAL_MIXTURE,
    /** All earlier tokens: the baseline. */
    FULL,
    /** The last {@code segment} tokens: the baseline. */
    WINDOW
  }

  CombinerConfig attention() {
    return new CombinerConfig(
        width,
        heads,
        width,
        CombinerConfig.Pattern.valueOf(mixing.name()),
        segment,
        pooling,
        true,
        false,
        attentionDropout);
  }
}
