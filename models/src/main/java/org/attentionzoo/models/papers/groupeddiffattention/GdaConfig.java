package org.attentionzoo.models.papers.groupeddiffattention;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.SwiGlu;
import org.attentionzoo.blocks.papers.groupeddiffattention.DifferentialAttention;
import org.attentionzoo.blocks.papers.groupeddiffattention.GroupedDifferentialAttention;
import org.attentionzoo.blocks.papers.groupeddiffattention.GroupedDifferentialConfig;
import org.attentionzoo.blocks.papers.groupeddiffattention.PolyNormNetwork;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * A decoder with grouped differential attention or one of its baselines.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the networks
 * @param attention which attention
 * @param heads the number of query heads; of differential attention twice the number of pairs
 * @param noiseHeads how many of them measure noise, in grouped differential attention
 * @param keyValueHeads the number of key and value heads
 * @param headWidth the size of a head; of differential attention it follows from the width
 * @param rotaryBase the base of the rotary frequencies
 * @param lambda how the factor of the noise starts in each layer
 * @param learned whether the factor of the noise is learned, in grouped differential attention
 * @param network which network
 */
public record GdaConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    Attention attention,
    int heads,
    int noiseHeads,
    int keyValueHeads,
    int headWidth,
    double rotaryBase,
    Lambda lambda,
    boolean learned,
    Network network) {

  /** Checks the values. */
  public GdaConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.positive("heads", heads);
    Limits.positive("rotaryBase", rotaryBase);
    Limits.notNegative("layers", layers);
  }

  /** An attention. */
  public enum Attention {
    /** Grouped differential attention. */
    GROUPED,
    /** Differential attention. */
    DIFFERENTIAL,
    /** Softmax attention. */
    STANDARD
  }

  /** How the factor of the noise starts at layer l, from 0. */
  public enum Lambda {
    /** 0.8 - 0.6 exp(-0.3 (l - 1)), as in Motif. */
    GDA,
    /** 0.8 - 0.6 exp(-0.3 l), as in the Differential Transformer. */
    DIFF
  }

  /** A network. */
  public enum Network {
    /** Gated with PolyNorm. */
    POLYNORM,
    /** Gated with the SiLU. */
    SWIGLU
  }

  MixerBlock attention(int layer) {
    double start = 0.8 - 0.6 * Math.exp(-0.3 * (lambda == Lambda.GDA ? layer - 1 : layer));
    return switch (attention) {
      case GROUPED -> new GroupedDifferentialAttention(grouped(), start);
      case DIFFERENTIAL ->
          new DifferentialAttention(width, start, heads / 2, Math.max(1, keyValueHeads / 2));
      case STANDARD ->
          new MultiHeadAttention(
              new AttentionConfig(
                  width,
                  heads,
                  keyValueHeads,
                  headWidth,
                  false,
                  true,
                  0,
                  new Rotary(Rotary.Layout.HALF, rotaryBase),
                  false,
                  0));
    };
  }

  private GroupedDifferentialConfig grouped() {
    return new GroupedDifferentialConfig(
        width, heads, noiseHeads, keyValueHeads, headWidth, rotaryBase, learned);
  }

  UnaryBlock networkBlock() {
    return network == Network.POLYNORM
        ? new PolyNormNetwork(width, hidden)
        : new SwiGlu(width, hidden, 0);
  }
}
