package org.attentionzoo.models.papers.deberta;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaEmbeddings;

/**
 * DeBERTa with replaced token detection.
 *
 * @param vocabulary the number of tokens
 * @param enhancedMaskDecoder whether the generator has it
 * @param sharing how the discriminator's tables stand to the generator's
 * @param maskToken the token that the generator fills
 * @param detectionWeight what the discriminator's loss is multiplied by
 * @param encoder the discriminator's sizes and switches; the generator has half its layers
 */
public record ReplacedTokenConfig(
    int vocabulary,
    boolean enhancedMaskDecoder,
    DebertaEmbeddings.Sharing sharing,
    int maskToken,
    double detectionWeight,
    DebertaConfig encoder) {

  /** Checks the values. */
  public ReplacedTokenConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.notNegative("detectionWeight", detectionWeight);
  }
}
