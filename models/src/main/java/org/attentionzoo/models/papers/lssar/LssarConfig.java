package org.attentionzoo.models.papers.lssar;

import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.PositiveWeights;
import org.attentionzoo.blocks.papers.lssar.LengthScaledSoftplusAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder language model with rotary positions and a choice of what makes scores weights.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param rotaryBase the base of the rotary frequencies
 * @param weights what makes scores weights
 * @param power the exponent p of LSSAR
 * @param unitVectors whether LSSA and LSSAR divide queries and keys by their lengths
 */
public record LssarConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    double rotaryBase,
    Weights weights,
    double power,
    boolean unitVectors) {

  /** What makes scores weights. */
  public enum Weights {
    /** Softmax: the baseline. */
    SOFTMAX,
    /** The sigmoid, divided by its sum. */
    SIGMOID,
    /** The positive part, divided by its sum. */
    RELU,
    /** The softplus, divided by its sum. */
    SOFTPLUS,
    /** The length-scaled softplus. */
    LSSA,
    /** The length-scaled softplus, re-weighted. */
    LSSAR
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  AttentionConfig attention() {
    return AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, rotaryBase));
  }

  AttentionParts parts() {
    int headWidth = width / heads;
    return switch (weights) {
      case SOFTMAX -> AttentionParts.PLAIN;
      case SIGMOID -> positive(PositiveWeights.Function.SIGMOID);
      case RELU -> positive(PositiveWeights.Function.RELU);
      case SOFTPLUS -> positive(PositiveWeights.Function.SOFTPLUS);
      case LSSA -> LengthScaledSoftplusAttention.plainParts(headWidth, unitVectors);
      case LSSAR -> LengthScaledSoftplusAttention.reweightedParts(headWidth, power, unitVectors);
    };
  }

  private static AttentionParts positive(PositiveWeights.Function function) {
    return AttentionParts.normalized(new PositiveWeights(function));
  }
}
