package org.attentionzoo.blocks.papers.inlineattention;

/**
 * Sizes and switches of {@link InLineAttention}.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads the number of heads
 * @param side the side of the square grid of patches; 0 without a local residual, for tokens that
 *     stand in no grid
 * @param classToken whether a class token stands before the patches
 * @param queryKeyValueBias whether queries, keys and values have a bias
 * @param kernel the feature map of queries and keys
 * @param injective whether rows are normalised by subtraction; without, by division, as in linear
 *     attention
 */
public record InLineConfig(
    int width,
    int heads,
    int side,
    boolean classToken,
    boolean queryKeyValueBias,
    FeatureKernel kernel,
    boolean injective) {

  /** Refuses sizes that do not fit together. */
  public InLineConfig {
    if (heads < 1 || width < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and heads " + heads);
    }
    if (side < 0) {
      throw new IllegalArgumentException("the side of the grid must not be negative; got " + side);
    }
  }

  /**
   * The form of InLine-DeiT: a class token, the identity as feature map.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param side the side of the grid of patches
   * @return the config
   */
  public static InLineConfig deit(int width, int heads, int side) {
    return new InLineConfig(width, heads, side, true, true, FeatureKernel.IDENTITY, true);
  }

  boolean localResidual() {
    return side > 0;
  }

  int headWidth() {
    return width / heads;
  }
}
