package org.attentionzoo.blocks.shells;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes of a {@link DecoderLanguageModel}.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param normEpsilon added to the mean square in the norms
 */
public record DecoderConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    double normEpsilon) {

  private static final double USUAL_EPSILON = 1e-6;

  /** Checks the sizes. */
  public DecoderConfig {
    Limits.rate("dropout", dropout);
    Limits.positive("normEpsilon", normEpsilon);
    if (vocabulary < 1 || width < 1 || layers < 0 || hidden < 1) {
      throw new IllegalArgumentException(
          "vocabulary, width and hidden must be positive, layers not negative; got "
              + vocabulary
              + ", "
              + width
              + ", "
              + hidden
              + ", "
              + layers);
    }
  }

  /**
   * Sizes with an epsilon of 1e-6.
   *
   * @param vocabulary the number of tokens
   * @param width the size of the hidden states
   * @param layers the number of layers
   * @param hidden the inner size of the feed-forward networks
   * @param tied whether the output projection is the embedding's table
   * @param dropout the rate on embeddings and residual branches
   */
  public DecoderConfig(
      int vocabulary, int width, int layers, int hidden, boolean tied, double dropout) {
    this(vocabulary, width, layers, hidden, tied, dropout, USUAL_EPSILON);
  }
}
