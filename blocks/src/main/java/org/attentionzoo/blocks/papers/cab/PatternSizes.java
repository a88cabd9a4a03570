package org.attentionzoo.blocks.papers.cab;

import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.shells.TransformerEncoder;

/**
 * The sizes of a model in which an attention is tried.
 *
 * @param width the size of the hidden states; even, and a multiple of heads
 * @param layers how many layers have the attention
 * @param hidden the inner size of the feed-forward networks
 * @param heads the number of heads of the plain attentions around it
 */
public record PatternSizes(int width, int layers, int hidden, int heads) {

  /** Checks the sizes. */
  public PatternSizes {
    if (layers < 1
        || hidden < 1
        || heads < 1
        || width < 2
        || width % 2 != 0
        || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be even and a multiple of heads, layers and hidden positive; got width "
              + width
              + ", heads "
              + heads
              + ", layers "
              + layers
              + ", hidden "
              + hidden);
    }
  }

  /** The plain layers that a source goes through, as many as there are of the others. */
  TransformerEncoder plainEncoder() {
    return new TransformerEncoder(
        width,
        layers,
        hidden,
        0,
        layer -> new MultiHeadAttention(AttentionConfig.bidirectional(width, heads)));
  }
}
