package org.attentionzoo.blocks.attention;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Sizes and switches of {@link MultiHeadAttention}.
 *
 * @param width the size of the hidden states
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads; divides heads
 * @param headWidth the size of a head
 * @param bias whether the projections have biases
 * @param causal whether a token sees only itself and earlier ones
 * @param window how many tokens a token sees at most, itself included; 0 for all
 * @param rotary rotary positions; null for none
 * @param alibi whether linear biases are added
 * @param dropout the rate on the attention pattern
 */
public record AttentionConfig(
    int width,
    int heads,
    int keyValueHeads,
    int headWidth,
    boolean bias,
    boolean causal,
    int window,
    Rotary rotary,
    boolean alibi,
    double dropout) {

  /** Checks the sizes. */
  public AttentionConfig {
    Limits.rate("dropout", dropout);
    if (width < 1 || heads < 1 || headWidth < 1 || keyValueHeads < 1 || window < 0) {
      throw new IllegalArgumentException(
          "width, heads and headWidth must be positive, window not negative; got width "
              + width
              + ", heads "
              + heads
              + ", headWidth "
              + headWidth
              + ", window "
              + window);
    }
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "heads must be a multiple of keyValueHeads; got " + heads + " and " + keyValueHeads);
    }
    if (rotary != null && headWidth % 2 != 0) {
      throw new IllegalArgumentException(
          "rotary positions need an even headWidth; got " + headWidth);
    }
  }

  /**
   * Causal attention with as many key-value heads as heads and no biases.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param rotary rotary positions; null for none
   * @return the config
   */
  public static AttentionConfig causal(int width, int heads, Rotary rotary) {
    return new AttentionConfig(
        width, heads, heads, headWidth(width, heads), false, true, 0, rotary, false, 0);
  }

  /**
   * Attention in both directions with biases and no positions.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @return the config
   */
  public static AttentionConfig bidirectional(int width, int heads) {
    return new AttentionConfig(
        width, heads, heads, headWidth(width, heads), true, false, 0, null, false, 0);
  }

  /**
   * The same with a sliding window and linear biases instead of other positions.
   *
   * @param tokens how many tokens a token sees at most, itself included
   * @return the config
   */
  public AttentionConfig windowed(int tokens) {
    return new AttentionConfig(
        width, heads, keyValueHeads, headWidth, bias, causal, tokens, null, true, dropout);
  }

  /**
   * The same with fewer key and value heads.
   *
   * @param groups the number of key and value heads
   * @return the config
   */
  public AttentionConfig grouped(int groups) {
    return new AttentionConfig(
        width, heads, groups, headWidth, bias, causal, window, rotary, alibi, dropout);
  }

  private static int headWidth(int width, int heads) {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and " + heads + " heads");
    }
    return width / heads;
  }
}
