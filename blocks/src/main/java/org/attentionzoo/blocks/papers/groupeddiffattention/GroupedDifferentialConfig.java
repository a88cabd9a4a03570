package org.attentionzoo.blocks.papers.groupeddiffattention;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes of {@link GroupedDifferentialAttention}.
 *
 * @param width the size of the hidden states
 * @param heads the number of query heads, signal and noise together
 * @param noiseHeads how many of them measure noise; divides the number of the others
 * @param keyValueHeads the number of key and value heads, even; half of it divides noiseHeads
 * @param headWidth the size of a head, even
 * @param rotaryBase the base of the rotary frequencies
 * @param learned whether the factor of the noise is learned; else it is its starting value
 * @param bias whether queries, keys and values have a bias
 * @param outputBias whether the output has a bias
 * @param epsilon what the norm of a head's result adds to the mean square
 */
public record GroupedDifferentialConfig(
    int width,
    int heads,
    int noiseHeads,
    int keyValueHeads,
    int headWidth,
    double rotaryBase,
    boolean learned,
    boolean bias,
    boolean outputBias,
    double epsilon) {

  private static final double EPSILON = 1e-5;

  /** Checks the sizes. */
  public GroupedDifferentialConfig {
    int signal = heads - noiseHeads;
    if (noiseHeads < 1 || signal < 1 || signal % noiseHeads != 0) {
      throw new IllegalArgumentException(
          "the signal heads must be a multiple of the noise heads; got "
              + heads
              + " heads, "
              + noiseHeads
              + " of them noise");
    }
    if (keyValueHeads < 2 || keyValueHeads % 2 != 0 || noiseHeads % (keyValueHeads / 2) != 0) {
      throw new IllegalArgumentException(
          "keyValueHeads must be even, and half of it divide noiseHeads; got "
              + keyValueHeads
              + " and "
              + noiseHeads);
    }
    if (headWidth < 2 || headWidth % 2 != 0) {
      throw new IllegalArgumentException("headWidth must be even; got " + headWidth);
    }
    Limits.notNegative("epsilon", epsilon);
  }

  /**
   * Sizes of Motif's attention, which has no biases.
   *
   * @param width the size of the hidden states
   * @param heads the number of query heads, signal and noise together
   * @param noiseHeads how many of them measure noise
   * @param keyValueHeads the number of key and value heads
   * @param headWidth the size of a head
   * @param rotaryBase the base of the rotary frequencies
   * @param learned whether the factor of the noise is learned
   */
  public GroupedDifferentialConfig(
      int width,
      int heads,
      int noiseHeads,
      int keyValueHeads,
      int headWidth,
      double rotaryBase,
      boolean learned) {
    this(
        width,
        heads,
        noiseHeads,
        keyValueHeads,
        headWidth,
        rotaryBase,
        learned,
        false,
        false,
        EPSILON);
  }

  /**
   * The number of signal heads.
   *
   * @return heads - noiseHeads
   */
  public int signalHeads() {
    return heads - noiseHeads;
  }

  /**
   * How many signal heads share a noise head.
   *
   * @return the ratio
   */
  public int ratio() {
    return signalHeads() / noiseHeads;
  }

  /**
   * The same with more signal heads.
   *
   * @param factor how many there will be for one
   * @return the config
   */
  public GroupedDifferentialConfig grown(int factor) {
    return new GroupedDifferentialConfig(
        width,
        signalHeads() * factor + noiseHeads,
        noiseHeads,
        keyValueHeads,
        headWidth,
        rotaryBase,
        learned,
        bias,
        outputBias,
        epsilon);
  }
}
