package org.attentionzoo.blocks.papers.sasrec;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of {@link SelfAttentiveRecommender}.
 *
 * @param items the number of items; their ids are 1 to items, 0 is padding
 * @param maxlen the longest history that is seen
 * @param hidden the size of the hidden states; a multiple of heads
 * @param blocks the number of blocks
 * @param heads the number of heads
 * @param dropout the rate on the input, the attention pattern and both feed-forward layers
 * @param norm where the norms and residuals stand
 * @param keyPaddingMask whether padded slots are hidden from attention; the authors' code does so,
 *     the PyTorch versions do not
 * @param positions whether there is a position table
 * @param causal whether a slot sees only itself and earlier ones; only controls switch it off
 * @param l2 what the sum of squares of the item table (of both tables, halved, in the authors'
 *     version) is multiplied by and added to the loss
 */
public record SasRecConfig(
    int items,
    int maxlen,
    int hidden,
    int blocks,
    int heads,
    double dropout,
    Norm norm,
    boolean keyPaddingMask,
    boolean positions,
    boolean causal,
    double l2) {

  /** Where norms and residuals stand; x is a block's input, LN a norm, FFN has no residual. */
  public enum Norm {
    /**
     * The authors' TensorFlow code: z = LN(LN(x) + Att(LN(x), x, x)), then z + FFN(z); no output
     * projection; padded slots are zeroed at the input and after each block.
     */
    OFFICIAL,
    /**
     * The PyTorch version of early 2020: the equations of LEGACY, but the feed-forward has no ReLU,
     * positions are numbered from 0 at every slot, and padded slots are zeroed at the input and
     * after each block.
     */
    EARLY,
    /**
     * The PyTorch version until May 2025: the same equations with an output projection, and padded
     * slots are zeroed at the input only.
     */
    LEGACY,
    /** The PyTorch version since, norm_first=True: x + Att(LN(x)), then y + FFN(LN(y)). */
    PRE,
    /** The PyTorch version since, norm_first=False: LN(x + Att(x)), then LN(y + FFN(y)). */
    POST
  }

  /** Checks the sizes. */
  public SasRecConfig {
    Limits.positive("items", items);
    Limits.positive("maxlen", maxlen);
    Limits.positive("hidden", hidden);
    Limits.positive("heads", heads);
    Limits.notNegative("blocks", blocks);
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(
          "hidden must be a multiple of heads; got hidden " + hidden + " and heads " + heads);
    }
    Limits.rate("dropout", dropout);
    Limits.notNegative("l2", l2);
  }

  /**
   * The model of the authors' code, or of one of the PyTorch versions.
   *
   * @param norm which of them
   * @param items the number of items
   * @param maxlen the longest history that is seen
   * @param hidden the size of the hidden states
   * @param blocks the number of blocks
   * @param heads the number of heads
   * @param dropout the rate
   * @return the config
   */
  public static SasRecConfig of(
      Norm norm, int items, int maxlen, int hidden, int blocks, int heads, double dropout) {
    return new SasRecConfig(
        items, maxlen, hidden, blocks, heads, dropout, norm, norm == Norm.OFFICIAL, true, true, 0);
  }
}
