package org.attentionzoo.blocks.papers.cmr;

/**
 * Sizes and switches of a {@link Reweaver}.
 *
 * @param width the size of the hidden states
 * @param heads the number of heads of the integration layer
 * @param slots how many states a layer remembers; 0 for a decoder without memory
 * @param kept how many states of each segment are offered to the memory at most
 * @param threshold the relevance, beside the largest of the segment, below which a state is not
 *     kept, from 0 to 1
 * @param scorer what decides the relevance
 * @param reconstruction what is made of what the memory gives
 * @param detached whether no gradient reaches what was remembered
 */
public record CmrConfig(
    int width,
    int heads,
    int slots,
    int kept,
    double threshold,
    Scorer scorer,
    Reconstruction reconstruction,
    boolean detached) {

  /** What decides the relevance of a state. */
  public enum Scorer {
    /** The softmax over the segment of a learned projection. */
    LEARNED,
    /** The variance over channels, divided by the largest of the segment. */
    VARIANCE,
    /** A learned mixture of both. */
    HYBRID
  }

  /** What is made of what the memory gives. */
  public enum Reconstruction {
    /** Compression to half the width and back, then two attentions. */
    HIERARCHICAL,
    /** Self-attention, attention to the hidden states, feed-forward network. */
    ATTENTION,
    /** Compression to a quarter and back, mixed with what was given by a gate. */
    MLP
  }

  /** Checks the sizes. */
  public CmrConfig {
    if (width < 4 || heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be at least 4 and a multiple of heads; got " + width + " and " + heads);
    }
    if (slots < 0 || kept < 1) {
      throw new IllegalArgumentException(
          "slots must not be negative and kept positive; got " + slots + " and " + kept);
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException("threshold is from 0 to 1; got " + threshold);
    }
  }

  /** As many heads of this width as fit, at most so many, and such that they divide the width. */
  int heads(int most, int each) {
    int fit = Math.max(1, Math.min(most, width / each));
    while (width % fit != 0) {
      fit--;
    }
    return fit;
  }
}
