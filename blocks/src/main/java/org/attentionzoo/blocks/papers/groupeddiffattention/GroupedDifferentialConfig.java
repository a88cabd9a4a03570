package org.attentionzoo.blocks.papers.groupeddiffattention;

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
 */
public record GroupedDifferentialConfig(
    int width,
    int heads,
    int noiseHeads,
    int keyValueHeads,
    int headWidth,
    double rotaryBase,
    boolean learned) {

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
        learned);
  }
}
