package org.attentionzoo.blocks.papers.seqboat;

import org.attentionzoo.blocks.Limits;

/**
 * One layer of SeqBoat.
 *
 * @param width D, of the hidden states
 * @param queryWidth z, of queries and keys
 * @param hidden H, of values and their gate
 * @param averages n, moving averages a channel
 * @param window w, how many activated tokens attention sees to each side
 * @param truncation the longest lag of the moving averages plus one; 0 for no limit
 * @param bidirectional whether tokens see later ones
 * @param attention how scores become weights
 * @param positions what tells attention where tokens are
 * @param maxPositions half the size of the table of simple positions
 * @param norm what normalises
 * @param preNorm whether it normalises the layer's input rather than its output
 * @param normAffine whether the norm has scale and shift
 * @param temperatureScale c: the router's temperature starts at c sqrt(D)
 * @param routing which tokens attend
 * @param compressAlways whether each row is compressed by itself; the authors' code leaves all rows
 *     as they are if one of them activates all its tokens, so that a row's window depends on the
 *     other rows
 * @param dropout of the averages' output and of the update
 * @param attentionDropout of attention weights
 * @param hiddenDropout of values
 */
public record SeqBoatConfig(
    int width,
    int queryWidth,
    int hidden,
    int averages,
    int window,
    int truncation,
    boolean bidirectional,
    Attention attention,
    Positions positions,
    int maxPositions,
    Norm norm,
    boolean preNorm,
    boolean normAffine,
    double temperatureScale,
    Routing routing,
    boolean compressAlways,
    double dropout,
    double attentionDropout,
    double hiddenDropout) {

  /** How scores become weights. */
  public enum Attention {
    /** Scores by z^-0.5, normalised by softmax. */
    SOFTMAX,
    /** Scores divided by the window's size, positive part squared, not normalised. */
    RELU2
  }

  /** What tells attention where tokens are. */
  public enum Positions {
    /** A learned bias for each distance in the sequence. */
    SIMPLE,
    /** A learned bias for each distance among the activated tokens. */
    LOCAL,
    /** Queries and keys rotated by their position in the sequence. */
    ROTARY
  }

  /** What normalises. */
  public enum Norm {
    /** Each token over its channels. */
    LAYERNORM,
    /** Each channel over batch and length. */
    BATCHNORM
  }

  /** Which tokens attend. */
  public enum Routing {
    /** Those that the latent configurator activates. */
    LEARNED,
    /** All; the configurator's probability still weighs the result. */
    ALWAYS,
    /** None: moving averages alone. */
    NEVER
  }

  /** Checks the sizes. */
  public SeqBoatConfig {
    Limits.rate("dropout", dropout);
    Limits.rate("attentionDropout", attentionDropout);
    Limits.rate("hiddenDropout", hiddenDropout);
    Limits.positive("width", width);
    Limits.positive("queryWidth", queryWidth);
    Limits.positive("hidden", hidden);
    Limits.positive("averages", averages);
    Limits.positive("window", window);
    Limits.positive("maxPositions", maxPositions);
    if (truncation < 0) {
      throw new IllegalArgumentException(
          "truncation is " + truncation + "; expected 0 for none or the number of lags");
    }
    if (positions == Positions.ROTARY && queryWidth % 2 != 0) {
      throw new IllegalArgumentException(
          "queryWidth is " + queryWidth + "; rotary positions need an even one");
    }
    if (!(temperatureScale > 0)) {
      throw new IllegalArgumentException(
          "temperatureScale is " + temperatureScale + "; expected a positive number");
    }
  }
}
