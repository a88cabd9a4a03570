package org.attentionzoo.blocks.papers.based;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * The sizes of {@link SlidingAttention}.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads the number of heads
 * @param keyValueHeads the number of key and value heads, each of which serves neighbouring heads;
 *     divides heads
 * @param window twice as many tokens as a token sees behind itself
 * @param scale multiplies the logits
 * @param rotary the positions; null for none
 * @param rotated how many channels of a head they rotate, the first ones
 */
public record SlidingConfig(
    int width, int heads, int keyValueHeads, int window, double scale, Rotary rotary, int rotated) {

  /** Refuses sizes that do not fit together. */
  public SlidingConfig {
    Limits.positive("width", width);
    Limits.positive("heads", heads);
    Limits.positive("keyValueHeads", keyValueHeads);
    Limits.notNegative("window", window);
    if (width % heads != 0 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads, and heads of keyValueHeads; got "
              + width
              + ", "
              + heads
              + " and "
              + keyValueHeads);
    }
    if (rotary != null && (rotated < 2 || rotated % 2 != 0 || rotated > width / heads)) {
      throw new IllegalArgumentException(
          "rotated must be even, and from 2 to the "
              + width / heads
              + " channels of a head; got "
              + rotated);
    }
  }

  /**
   * Attention with a key and value head for each head, all of whose channels are rotated.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param window twice as many tokens as a token sees behind itself
   * @param rotary the positions; null for none
   * @return the config, with the scale 1 / sqrt(head width)
   */
  public static SlidingConfig of(int width, int heads, int window, Rotary rotary) {
    int headWidth = width / Math.max(1, heads);
    double scale = 1 / Math.sqrt((double) width / heads);
    return new SlidingConfig(width, heads, heads, window, scale, rotary, headWidth);
  }

  int headWidth() {
    return width / heads;
  }
}
