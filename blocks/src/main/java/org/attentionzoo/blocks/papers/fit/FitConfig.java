package org.attentionzoo.blocks.papers.fit;

/**
 * Sizes and switches of a {@link FitEncoder}, as the official constructor has them.
 *
 * @param layers the order of the layers, such as {@code (2)4(2)}
 * @param tokens the number of data tokens; a multiple of groups
 * @param groups the number of groups
 * @param latents the number of latents of each group
 * @param width the size of data tokens; a multiple of heads
 * @param latentWidth the size of latents; a multiple of latentHeads
 * @param heads the heads of local layers
 * @param latentHeads the heads of global layers
 * @param ratio how many times wider the feed-forward networks are inside
 * @param causal whether latents see only those of their own group and of earlier ones
 * @param features the size of an input token
 * @param conditionFeatures the size of the tokens that are put before each group's; 0 for none
 */
public record FitConfig(
    String layers,
    int tokens,
    int groups,
    int latents,
    int width,
    int latentWidth,
    int heads,
    int latentHeads,
    int ratio,
    boolean causal,
    int features,
    int conditionFeatures) {

  /** Refuses sizes that do not fit together. */
  public FitConfig {
    LayerPattern.parse(layers);
    if (groups < 1 || tokens < 1 || tokens % groups != 0) {
      throw new IllegalArgumentException(
          tokens + " tokens cannot be divided into " + groups + " groups of one size");
    }
    if (latents < 1 || features < 1 || ratio < 1 || conditionFeatures < 0) {
      throw new IllegalArgumentException("latents, features and ratio must be at least 1");
    }
    if (heads < 1 || latentHeads < 1 || width < heads || latentWidth < latentHeads) {
      throw new IllegalArgumentException(
          "each head needs a part of the width: width "
              + width
              + " with "
              + heads
              + " heads, latentWidth "
              + latentWidth
              + " with "
              + latentHeads);
    }
  }

  LayerPattern pattern() {
    return LayerPattern.parse(layers);
  }

  int tokensPerGroup() {
    return tokens / groups;
  }

  int crossHeads() {
    return Math.min(heads, latentHeads);
  }

  int crossHeadWidth() {
    return Math.min(width, latentWidth) / crossHeads();
  }
}
