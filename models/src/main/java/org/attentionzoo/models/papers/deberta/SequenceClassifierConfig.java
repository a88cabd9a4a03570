package org.attentionzoo.models.papers.deberta;

import org.attentionzoo.blocks.papers.deberta.DebertaConfig;

/**
 * A DeBERTa classifier of sequences.
 *
 * @param vocabulary the number of tokens
 * @param classes the number of classes
 * @param scaleInvariantTuning whether embeddings are normalised for scale-invariant fine-tuning
 * @param siftWeight what its loss is multiplied by
 * @param siftRate how far its perturbation moves
 * @param siftDeviation the scale at which its perturbation starts
 * @param encoder the sizes and switches of the encoder
 */
public record SequenceClassifierConfig(
    int vocabulary,
    int classes,
    boolean scaleInvariantTuning,
    double siftWeight,
    double siftRate,
    double siftDeviation,
    DebertaConfig encoder) {}
