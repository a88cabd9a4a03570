package org.attentionzoo.blocks.shells;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes of a {@link VisionTransformer}.
 *
 * @param image the side of the square images, in pixels; a multiple of patch
 * @param channels the number of colour channels
 * @param patch the side of a square patch, in pixels
 * @param classes the number of classes; a {@link Deit} of 0 has no head
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on residual branches
 */
public record VisionConfig(
    int image,
    int channels,
    int patch,
    int classes,
    int width,
    int layers,
    int hidden,
    double dropout) {

  /** Checks the sizes. */
  public VisionConfig {
    Limits.positive("channels", channels);
    Limits.notNegative("classes", classes);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
    if (patch < 1 || image < patch || image % patch != 0) {
      throw new IllegalArgumentException(
          "image must be a multiple of patch; got image " + image + " and patch " + patch);
    }
  }
}
