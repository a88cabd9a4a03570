package org.attentionzoo.models.papers.dsf;

import org.attentionzoo.blocks.Limits;

/**
 * A small decoder around the mixers that the framework compares.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on residual branches
 * @param mixer what mixes tokens
 * @param heads the number of heads of attentions
 * @param state n, how many numbers a channel's state has: the size of a head's queries and keys of
 *     linear and normalised attention, the state size of S6; recurrent networks have 1, softmax
 *     attention none
 * @param kernel how many tokens the convolution before the mixer sees; 0 for no convolution
 */
public record DsfConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    Kind mixer,
    int heads,
    int state,
    int kernel) {

  /** Checks the values. */
  public DsfConfig {
    Limits.notNegative("kernel", kernel);
  }

  /** The mixers. */
  public enum Kind {
    /** Attention with rotary positions. */
    SOFTMAX,
    /** Attention with the features elu + 1. */
    LINEAR,
    /** Attention divided by a number that does not look at the keys. */
    NORMALISED,
    /** A selective state-space layer. */
    S6,
    /** A gated recurrent network. */
    QLSTM,
    /** The same with the decay of a state-space model. */
    QLSTM_REVERSED
  }
}
