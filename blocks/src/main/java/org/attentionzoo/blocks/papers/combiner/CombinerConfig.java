package org.attentionzoo.blocks.papers.combiner;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.sparse.SpanPooling;

/**
 * Sizes and switches of a {@link CombinerAttention}.
 *
 * @param width the size of the hidden states
 * @param heads the number of heads
 * @param inner the size of all heads together; a multiple of heads
 * @param pattern which tokens are seen one by one and which as spans
 * @param segment the number of tokens of a segment (fixed) or row (axial); logsparse has none
 * @param pooling how queries and keys of a span become one
 * @param causal whether a token sees only itself and earlier ones
 * @param officialLevels whether logsparse has as many levels as the official code counts, one too
 *     few for the last token where the length is one more than a power of two
 * @param dropout the rate on the weights of tokens and spans, and within spans
 */
public record CombinerConfig(
    int width,
    int heads,
    int inner,
    Pattern pattern,
    int segment,
    SpanPooling pooling,
    boolean causal,
    boolean officialLevels,
    double dropout) {

  /** How the earlier tokens are divided. */
  public enum Pattern {
    /** One by one in the own segment, every earlier segment as one span. */
    FIXED,
    /** Itself, and the spans of 1, 2, 4, ... tokens that together hold all earlier ones. */
    LOGSPARSE,
    /**
     * One by one in the own row, every earlier row as what its token of the same column reads in
     * it.
     */
    AXIAL_ROWMAJOR,
    /** One by one in the own row and column, all others as parts of their columns and rows. */
    AXIAL_MIXTURE
  }

  /** Checks the sizes. */
  public CombinerConfig {
    Limits.rate("dropout", dropout);
    if (width < 1 || heads < 1 || inner < 1 || inner % heads != 0) {
      throw new IllegalArgumentException(
          "width must be positive and inner a multiple of heads; got "
              + width
              + ", "
              + inner
              + " and "
              + heads);
    }
    if (pattern != Pattern.LOGSPARSE && segment < 1) {
      throw new IllegalArgumentException("a segment has at least 1 token, got " + segment);
    }
    if (!causal && (pattern == Pattern.LOGSPARSE || pattern == Pattern.AXIAL_MIXTURE)) {
      throw new IllegalArgumentException(
          pattern + " is causal; FIXED and AXIAL_ROWMAJOR attend in both directions");
    }
    if (officialLevels && pattern != Pattern.LOGSPARSE) {
      throw new IllegalArgumentException("only LOGSPARSE has levels");
    }
  }

  /**
   * Causal attention with the greatest as summary, as the paper has it.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads; divides width
   * @param pattern how the earlier tokens are divided
   * @param segment the number of tokens of a segment or row
   * @return the config
   */
  public static CombinerConfig causal(int width, int heads, Pattern pattern, int segment) {
    return new CombinerConfig(
        width, heads, width, pattern, segment, SpanPooling.MAX, true, false, 0);
  }

  /**
   * The size of a head.
   *
   * @return inner by heads
   */
  public int headWidth() {
    return inner / heads;
  }
}
