package org.attentionzoo.models.papers.kronecker;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.kronecker.TensorScale;

/**
 * Sizes of an encoder with tensor attention.
 *
 * @param vocabulary the number of tokens, and of labels
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of heads
 * @param headWidth the size of each head's queries, keys and values
 * @param order how many tokens a weight concerns; 2 for plain attention
 * @param scale what divides the logits
 */
public record TensorTaggerConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    int heads,
    int headWidth,
    int order,
    TensorScale scale) {

  /** Checks the values. */
  public TensorTaggerConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
  }
}
