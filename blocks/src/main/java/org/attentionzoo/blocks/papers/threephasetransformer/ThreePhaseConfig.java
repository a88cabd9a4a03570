package org.attentionzoo.blocks.papers.threephasetransformer;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of {@link ThreePhaseTransformer}. With all switches off it is a decoder with
 * RMSNorm, rotary positions, grouped keys and values and SwiGLU: the paper's baseline.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states; a multiple of phases and heads
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads; divides heads
 * @param context how many positions the buffers hold that the official state dict has; longer
 *     sequences may be computed
 * @param phases into how many channels the hidden states are cut; 3 in the paper
 * @param horn whether the mean of an embedding becomes 1 / (position + 1)
 * @param rotation whether channels are turned between attention and feed-forward network
 * @param phaseNorm whether each channel is normalised by itself
 */
public record ThreePhaseConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    int heads,
    int keyValueHeads,
    int context,
    int phases,
    boolean horn,
    boolean rotation,
    boolean phaseNorm) {

  /** Checks the sizes. */
  public ThreePhaseConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.positive("heads", heads);
    Limits.positive("context", context);
    Limits.notNegative("layers", layers);
    if (phases < 1 || width % (2 * phases) != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of twice the phases; got width "
              + width
              + " and "
              + phases
              + " phases");
    }
    if (keyValueHeads < 1
        || heads % keyValueHeads != 0
        || heads % phases != 0
        || keyValueHeads % phases != 0) {
      throw new IllegalArgumentException(
          "heads must be a multiple of keyValueHeads, and both of phases; got "
              + heads
              + " heads, "
              + keyValueHeads
              + " key-value heads, "
              + phases
              + " phases");
    }
    if (width % (2 * heads) != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of twice the heads; got width "
              + width
              + " and "
              + heads
              + " heads");
    }
  }

  int headWidth() {
    return width / heads;
  }
}
