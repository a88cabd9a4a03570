package org.attentionzoo.models.papers.fit;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.fit.FitConfig;

/**
 * Sizes of an image classifier of interleaved Transformers.
 *
 * @param image the side of the square images, in pixels; a multiple of side times patch
 * @param channels the number of colour channels
 * @param patch the side of a square patch, in pixels
 * @param classes the number of classes
 * @param side into how many parts each side of the image is divided; the groups are its square
 * @param layers the order of the layers: numbers of local ones in parentheses, of global ones
 *     without, in turn
 * @param latents the number of latents of each group
 * @param width the size of data tokens; a multiple of heads
 * @param latentWidth the size of latents; a multiple of latentHeads
 * @param heads the heads of local layers
 * @param latentHeads the heads of global layers
 * @param ratio how many times wider the feed-forward networks are inside
 */
public record FitModelConfig(
    int image,
    int channels,
    int patch,
    int classes,
    int side,
    String layers,
    int latents,
    int width,
    int latentWidth,
    int heads,
    int latentHeads,
    int ratio) {

  /** Refuses images that do not divide into such parts. */
  public FitModelConfig {
    Limits.positive("classes", classes);
    if (side < 1 || patch < 1 || image < 1 || image % (side * patch) != 0) {
      throw new IllegalArgumentException(
          "image must be a multiple of side times patch; got image "
              + image
              + ", side "
              + side
              + " and patch "
              + patch);
    }
  }

  FitConfig encoder() {
    int patches = image / patch;
    return new FitConfig(
        layers,
        patches * patches,
        side * side,
        latents,
        width,
        latentWidth,
        heads,
        latentHeads,
        ratio,
        false,
        channels * patch * patch,
        0);
  }
}
