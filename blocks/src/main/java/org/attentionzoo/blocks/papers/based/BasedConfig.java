package org.attentionzoo.blocks.papers.based;

import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.linear.FixedFeatures;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;

/**
 * Sizes and switches of {@link BasedLanguageModel}.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param mixers the mixer of each layer
 * @param hidden the inner size of the gated networks
 * @param linearHeads the number of heads of linear attention
 * @param featureWidth the size of a head's queries and keys in linear attention
 * @param features the feature map of linear attention
 * @param form how linear attention is computed
 * @param chunk how many tokens its chunked form takes at a time
 * @param slidingHeads the number of heads of sliding-window attention
 * @param window twice as many tokens as sliding-window attention sees behind a token
 * @param kernel how many tokens a convolution sees
 * @param expansion the width of a convolution's projection, as a multiple of the model's
 * @param normEpsilon added to the mean square in the norms
 */
public record BasedConfig(
    int vocabulary,
    int width,
    List<LayerMixer> mixers,
    int hidden,
    int linearHeads,
    int featureWidth,
    FixedFeatures.Kind features,
    Form form,
    int chunk,
    int slidingHeads,
    int window,
    int kernel,
    int expansion,
    double normEpsilon) {

  /** What mixes the tokens of a layer. */
  public enum LayerMixer {
    /** {@link BaseConvolution}. */
    CONVOLUTION,
    /** {@link TaylorAttention}. */
    LINEAR,
    /** {@link SlidingAttention}. */
    SLIDING,
    /** {@link org.attentionzoo.blocks.attention.MultiHeadAttention} over the whole past. */
    ATTENTION
  }

  /** Checks the sizes. */
  public BasedConfig {
    Limits.positive("normEpsilon", normEpsilon);
    mixers = List.copyOf(mixers);
    if (vocabulary < 1 || width < 1 || hidden < 1 || featureWidth < 1 || chunk < 1) {
      throw new IllegalArgumentException(
          "vocabulary, width, hidden, featureWidth and chunk must be positive; got "
              + List.of(vocabulary, width, hidden, featureWidth, chunk));
    }
    if (linearHeads < 1 || width % linearHeads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of linearHeads; got " + width + " and " + linearHeads);
    }
    if (slidingHeads < 1 || width % slidingHeads != 0 || width / slidingHeads % 2 != 0) {
      throw new IllegalArgumentException(
          "width must be an even multiple of slidingHeads; got " + width + " and " + slidingHeads);
    }
    if (window < 0 || kernel < 1 || expansion < 2 || expansion % 2 != 0) {
      throw new IllegalArgumentException(
          "window must not be negative, kernel positive, expansion even and positive; got "
              + List.of(window, kernel, expansion));
    }
  }
}
