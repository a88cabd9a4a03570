package org.attentionzoo.blocks.shells;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes of a {@link PatchForecaster}.
 *
 * @param window how many values it sees; a multiple of the stride
 * @param horizon how many values it forecasts
 * @param channels how many series there are beside each other
 * @param patch how many values make a token; a multiple of the stride
 * @param stride from where one token begins to where the next one does
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on tokens and residual branches
 */
public record PatchConfig(
    int window,
    int horizon,
    int channels,
    int patch,
    int stride,
    int width,
    int layers,
    int hidden,
    double dropout) {

  /** Checks the sizes. */
  public PatchConfig {
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
    if (window < 1
        || horizon < 1
        || channels < 1
        || stride < 1
        || patch < stride
        || patch > window
        || window % stride != 0
        || patch % stride != 0) {
      throw new IllegalArgumentException(
          "window and patch must be multiples of the stride, and the patch at most the window; got"
              + " window "
              + window
              + ", patch "
              + patch
              + ", stride "
              + stride
              + ", horizon "
              + horizon
              + ", channels "
              + channels);
    }
  }

  /**
   * How many tokens a window makes.
   *
   * @return the number of patches
   */
  public int tokens() {
    return (window - patch) / stride + 1;
  }
}
