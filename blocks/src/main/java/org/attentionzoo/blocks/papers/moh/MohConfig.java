package org.attentionzoo.blocks.papers.moh;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of a mixture of heads, as the official constructors have them.
 *
 * @param width the size of the hidden states
 * @param heads the number of heads
 * @param headWidth the size of a head's queries, keys and values; official {@code head_dim}
 * @param queryKeyValueBias whether the joint projection has a bias
 * @param queryKeyNorm whether queries and keys pass a LayerNorm over a head's channels
 * @param sharedHeads how many heads, the first ones, act for every token
 * @param routedHeads how many of the other heads act for a token; 0 if all heads are shared
 * @param balanceWeight the factor of the load-balancing loss: 0.01 in the paper, divided by the
 *     number of layers that route
 */
public record MohConfig(
    int width,
    int heads,
    int headWidth,
    boolean queryKeyValueBias,
    boolean queryKeyNorm,
    int sharedHeads,
    int routedHeads,
    double balanceWeight) {

  /** Checks the sizes. */
  public MohConfig {
    Limits.notNegative("balanceWeight", balanceWeight);
    if (width < 1 || heads < 1 || headWidth < 1) {
      throw new IllegalArgumentException(
          "width, heads and headWidth must be positive; got "
              + width
              + ", "
              + heads
              + " and "
              + headWidth);
    }
    if (sharedHeads < 0 || routedHeads < 0 || sharedHeads + routedHeads > heads) {
      throw new IllegalArgumentException(
          "shared and routed heads must fit into the heads; got "
              + sharedHeads
              + " + "
              + routedHeads
              + " of "
              + heads);
    }
    if (routedHeads == 0 && sharedHeads != heads) {
      throw new IllegalArgumentException(
          "without routed heads all heads are shared; got " + sharedHeads + " of " + heads);
    }
  }

  /**
   * A config whose heads share the width evenly.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param queryKeyValueBias whether the joint projection has a bias
   * @param queryKeyNorm whether queries and keys pass a LayerNorm over a head's channels
   * @param sharedHeads how many heads act for every token
   * @param routedHeads how many of the other heads act for a token
   * @param balanceWeight the factor of the load-balancing loss
   */
  public MohConfig(
      int width,
      int heads,
      boolean queryKeyValueBias,
      boolean queryKeyNorm,
      int sharedHeads,
      int routedHeads,
      double balanceWeight) {
    this(
        width,
        heads,
        headWidth(width, heads),
        queryKeyValueBias,
        queryKeyNorm,
        sharedHeads,
        routedHeads,
        balanceWeight);
  }

  /**
   * How many heads a token's routed heads are chosen from.
   *
   * @return heads less the shared ones
   */
  public int candidates() {
    return heads - sharedHeads;
  }

  private static int headWidth(int width, int heads) {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got " + width + " and " + heads);
    }
    return width / heads;
  }
}
