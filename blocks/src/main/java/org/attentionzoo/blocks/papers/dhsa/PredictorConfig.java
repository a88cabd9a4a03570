package org.attentionzoo.blocks.papers.dhsa;

/**
 * Sizes of a {@link BoundaryPredictor}.
 *
 * @param encoder how a window is read
 * @param channels the size of a token: the key heads side by side
 * @param window the number of tokens on each side of a boundary
 * @param hidden the inner size of the network that decides
 * @param heads the number of heads of the windows' attention; divides channels
 * @param blocks the number of blocks of a stack
 * @param encoded the size of a window's code by convolution
 * @param gatedPool whether a window's tokens are weighed by a gate; else their mean is taken
 * @param dropout the rate on the blocks of a stack
 */
public record PredictorConfig(
    Encoder encoder,
    int channels,
    int window,
    int hidden,
    int heads,
    int blocks,
    int encoded,
    boolean gatedPool,
    double dropout) {

  /** How a window is read. */
  public enum Encoder {
    /** By a convolution over each side ({@code BoundarySimilarity}). */
    CONVOLUTION,
    /** By attention over both sides ({@code BoundarySimilarityAttn}), which the paper uses. */
    ATTENTION,
    /** By residual blocks of attention over both sides ({@code BoundarySimilarityStack}). */
    STACK
  }

  /** Checks the sizes. */
  public PredictorConfig {
    if (channels < 1 || window < 1 || hidden < 1 || encoded < 1 || blocks < 1) {
      throw new IllegalArgumentException(
          "channels, window, hidden, encoded and blocks must be positive");
    }
    if (heads < 1 || channels % heads != 0) {
      throw new IllegalArgumentException(
          "channels must be a multiple of heads; got " + channels + " and " + heads);
    }
  }

  /**
   * The paper's predictor: attention over windows, the mean of each side.
   *
   * @param channels the size of a token
   * @param window the number of tokens on each side of a boundary
   * @param hidden the inner size of the network that decides
   * @param heads the number of heads; divides channels
   * @return the config
   */
  public static PredictorConfig attention(int channels, int window, int hidden, int heads) {
    return new PredictorConfig(Encoder.ATTENTION, channels, window, hidden, heads, 1, 1, false, 0);
  }
}
