package org.attentionzoo.blocks.papers.deconstructingattention;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and choices of {@link DeconstructedLanguageModel}.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states; a multiple of heads
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of heads
 * @param variant what stands in attention's place
 * @param pattern where it stands
 * @param context for how many positions a second stream has vectors
 * @param deviation the standard deviation of random vectors that a second stream begins with
 * @param rotaryBase the base of the rotary frequencies; 0 for none
 */
public record DeconstructedConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    int heads,
    Variant variant,
    Pattern pattern,
    int context,
    double deviation,
    double rotaryBase) {

  /** Checks the values. */
  public DeconstructedConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.positive("heads", heads);
    Limits.positive("context", context);
    Limits.positive("deviation", deviation);
    Limits.positive("rotaryBase", rotaryBase);
    Limits.notNegative("layers", layers);
  }

  /** Which layers have the variant. */
  public enum Pattern {
    /** All. */
    UNIFORM,
    /** The first, the third and so on; the others have attention. */
    HYBRID,
    /** As HYBRID, but those layers are left out: it takes the weights of a trained hybrid. */
    SKIP
  }

  boolean isSimple(int layer) {
    return pattern == Pattern.UNIFORM || layer % 2 == 0;
  }
}
