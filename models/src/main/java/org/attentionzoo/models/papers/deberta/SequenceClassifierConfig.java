package org.attentionzoo.models.papers.deberta;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaPooler;
import org.attentionzoo.blocks.papers.deberta.DebertaSequenceClassifier;
import org.attentionzoo.blocks.papers.deberta.ScaleInvariantTuning;

/**
 * A DeBERTa classifier of sequences.
 *
 * @param vocabulary the number of tokens
 * @param classes the number of classes
 * @param scaleInvariantTuning whether embeddings are normalised for scale-invariant fine-tuning
 * @param siftWeight what its loss is multiplied by
 * @param siftRate how far its perturbation moves
 * @param siftDeviation the scale at which its perturbation starts
 * @param poolerDropout the rate on the first token's state (pooler_dropout)
 * @param poolerActivation the pooler's activation (pooler_hidden_act)
 * @param classifierDropout the rate on what the pooler gives (cls_dropout)
 * @param encoder the sizes and switches of the encoder
 */
public record SequenceClassifierConfig(
    int vocabulary,
    int classes,
    boolean scaleInvariantTuning,
    double siftWeight,
    double siftRate,
    double siftDeviation,
    double poolerDropout,
    DebertaActivation poolerActivation,
    double classifierDropout,
    DebertaConfig encoder) {

  /** Checks the values. */
  public SequenceClassifierConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("classes", classes);
    Limits.notNegative("siftWeight", siftWeight);
    Limits.notNegative("siftRate", siftRate);
    Limits.notNegative("siftDeviation", siftDeviation);
    Limits.rate("poolerDropout", poolerDropout);
    Limits.rate("classifierDropout", classifierDropout);
  }

  /**
   * Without scale-invariant fine-tuning, with the default pooler and the encoder's dropout.
   *
   * @param vocabulary the number of tokens
   * @param classes the number of classes
   * @param encoder the sizes and switches of the encoder
   * @return the config
   */
  public static SequenceClassifierConfig of(int vocabulary, int classes, DebertaConfig encoder) {
    return new SequenceClassifierConfig(
        vocabulary,
        classes,
        false,
        4,
        1e-4,
        1e-2,
        0,
        DebertaActivation.GELU,
        encoder.dropout(),
        encoder);
  }

  /**
   * Builds the model.
   *
   * @return the model, uninitialised
   */
  public DebertaSequenceClassifier build() {
    return new DebertaSequenceClassifier(
        vocabulary,
        classes,
        encoder,
        new DebertaPooler(encoder, poolerDropout, poolerActivation),
        classifierDropout,
        scaleInvariantTuning
            ? new ScaleInvariantTuning(siftWeight, siftRate, siftDeviation)
            : null);
  }
}
