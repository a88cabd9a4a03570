package org.attentionzoo.blocks.papers.rcmha;

/**
 * Sizes and switches of {@link RelativeConvolutionalAttention}.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads the number of heads
 * @param convolution whether queries, keys and values pass a causal depthwise convolution
 * @param relative whether scores have the terms of relative positions
 * @param reach how many tokens before and after a query have their own rows in the tables; 4096 in
 *     the official code
 * @param dropout the rate on the attention pattern
 */
public record RcmhaConfig(
    int width, int heads, boolean convolution, boolean relative, int reach, double dropout) {

  /** Checks the sizes. */
  public RcmhaConfig {
    if (heads < 1 || width < 1 || width % heads != 0 || reach < 1) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads and reach positive; got width "
              + width
              + ", "
              + heads
              + " heads, reach "
              + reach);
    }
  }

  int headWidth() {
    return width / heads;
  }
}
