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
 * @param places how a token's place in its group is embedded
 * @param latentPlaces how a latent's group and place are embedded; not SQUARE
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
    int conditionFeatures,
    Places places,
    Places latentPlaces) {

  /** How places are embedded. */
  public enum Places {
    /** By learned vectors. */
    LEARNED,
    /** By sines and cosines along a line; of latents on the grid of groups and their latents. */
    LINE,
    /** By sines and cosines on the square that the tokens of a group form. */
    SQUARE
  }

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
    checkPlaces(tokens / groups, groups * latents, width, latentWidth, places, latentPlaces);
  }

  private static void checkPlaces(
      int tokens, int latents, int width, int latentWidth, Places places, Places latentPlaces) {
    if (latentPlaces == Places.SQUARE) {
      throw new IllegalArgumentException("latents form no square; give LEARNED or LINE");
    }
    boolean tokensFixed = places != Places.LEARNED;
    boolean latentsFixed = latentPlaces != Places.LEARNED;
    if (tokensFixed && tokens == 1 || latentsFixed && latents == 1) {
      throw new IllegalArgumentException("a single place has no fixed embedding; give LEARNED");
    }
    int side = (int) Math.sqrt(tokens);
    if (places == Places.SQUARE && (side * side != tokens || width % 2 != 0)) {
      throw new IllegalArgumentException(
          "SQUARE needs a square number of tokens in a group and an even width; got "
              + tokens
              + " tokens and width "
              + width);
    }
    if (latentsFixed && latentWidth % 2 != 0) {
      throw new IllegalArgumentException(
          "fixed embeddings of latents need an even latentWidth; got " + latentWidth);
    }
  }

  /**
   * Sizes of an encoder whose embeddings of places are learned.
   *
   * @param layers the order of the layers
   * @param tokens the number of data tokens
   * @param groups the number of groups
   * @param latents the number of latents of each group
   * @param width the size of data tokens
   * @param latentWidth the size of latents
   * @param heads the heads of local layers
   * @param latentHeads the heads of global layers
   * @param ratio how many times wider the feed-forward networks are inside
   * @param causal whether latents see only those of their own group and of earlier ones
   * @param features the size of an input token
   * @param conditionFeatures the size of the tokens that are put before each group's
   */
  public FitConfig(
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
    this(
        layers,
        tokens,
        groups,
        latents,
        width,
        latentWidth,
        heads,
        latentHeads,
        ratio,
        causal,
        features,
        conditionFeatures,
        Places.LEARNED,
        Places.LEARNED);
  }

  /** (tokens of a group, width) in one; null if learned. */
  float[] fixedPlaces() {
    int count = tokensPerGroup();
    return switch (places) {
      case LEARNED -> null;
      case LINE -> FixedPositions.of(count, 1, width);
      case SQUARE -> {
        int side = (int) Math.sqrt(count);
        yield FixedPositions.of(side, side, width);
      }
    };
  }

  /** (groups latents, latentWidth) in one; null if learned. */
  float[] fixedLatentPlaces() {
    return latentPlaces == Places.LEARNED ? null : FixedPositions.of(groups, latents, latentWidth);
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
