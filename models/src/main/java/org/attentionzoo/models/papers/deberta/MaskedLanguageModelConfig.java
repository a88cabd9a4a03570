package org.attentionzoo.models.papers.deberta;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;

/**
 * A DeBERTa masked language model.
 *
 * @param vocabulary the number of tokens
 * @param enhancedMaskDecoder whether absolute positions enter before tokens are predicted
 * @param encoder the sizes and switches of the encoder
 */
public record MaskedLanguageModelConfig(
    int vocabulary, boolean enhancedMaskDecoder, DebertaConfig encoder) {

  /** Checks the values. */
  public MaskedLanguageModelConfig {
    Limits.positive("vocabulary", vocabulary);
  }
}
