package org.attentionzoo.blocks.papers.moh;

/**
 * Sizes and switches of {@link MixtureOfHeadAttention}, as the official constructor has them.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads the number of heads
 * @param queryKeyValueBias whether the joint projection has a bias
 * @param queryKeyNorm whether queries and keys pass a LayerNorm over a head's channels
 * @param sharedHeads how many heads, the first ones, act for every token
 * @param routedHeads how many of the other heads act for a token; 0 if all heads are shared
 * @param balanceWeight the factor of the load-balancing loss, 0.01 in the paper
 */
public record MohConfig(
    int width,
    int heads,
    boolean queryKeyValueBias,
    boolean queryKeyNorm,
    int sharedHeads,
    int routedHeads,
    double balanceWeight) {

  /** Checks the sizes. */
  public MohConfig {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got " + width + " and " + heads);
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
}
