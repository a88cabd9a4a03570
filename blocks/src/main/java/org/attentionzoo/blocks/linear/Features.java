package org.attentionzoo.blocks.linear;

import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.linear.LearnedFeatures.Activations;
import org.attentionzoo.blocks.linear.LearnedFeatures.Config;
import org.attentionzoo.blocks.linear.LearnedFeatures.Start;

/** The feature maps of linear attention, by name. */
public enum Features {
  /** The query or key itself. */
  IDENTITY,
  /** 1 + elu(x). */
  ELU,
  /** max(x, 0). */
  RELU,
  /** exp(x). */
  EXP,
  /** The Taylor series of exp to the second order. */
  TAYLOR,
  /** Positive orthogonal random features, four for each channel. */
  FAVOR,
  /** A learned projection, then max(z, 0). */
  T2R,
  /** Hedgehog, two softmaxes. */
  HEDGEHOG,
  /** Hedgehog, shifted exponentials. */
  HEDGEHOG_EXP,
  /** Hedgehog, one softmax over both halves. */
  HEDGEHOG_JOINT;

  private static final double LEAST = 1e-12;
  private static final int RANDOM_PER_CHANNEL = 4;

  /**
   * A map of this kind.
   *
   * @param heads the number of heads
   * @param headWidth the size of a query or key
   * @return (B, heads, L, head width) to (B, heads, L, features)
   */
  public UnaryBlock map(int heads, int headWidth) {
    return switch (this) {
      case IDENTITY -> new FixedFeatures(FixedFeatures.Kind.IDENTITY);
      case ELU -> new FixedFeatures(FixedFeatures.Kind.ELU, LEAST);
      case RELU -> new FixedFeatures(FixedFeatures.Kind.RELU, LEAST);
      case EXP -> new FixedFeatures(FixedFeatures.Kind.EXP);
      case TAYLOR -> new FixedFeatures(FixedFeatures.Kind.TAYLOR);
      case FAVOR -> new RandomFeatures(headWidth, RANDOM_PER_CHANNEL * headWidth);
      case T2R ->
          new LearnedFeatures(
              new Config(
                  heads,
                  headWidth,
                  headWidth,
                  Activations.RELU,
                  false,
                  false,
                  true,
                  Start.DRAWN,
                  LEAST));
      case HEDGEHOG -> new LearnedFeatures(Config.hedgehog(heads, headWidth, Activations.SOFTMAX));
      case HEDGEHOG_EXP ->
          new LearnedFeatures(Config.hedgehog(heads, headWidth, Activations.SHIFTED_EXP));
      case HEDGEHOG_JOINT -> new JointFeatures(headWidth);
    };
  }
}
