package org.attentionzoo.models.papers.cmr;

import java.util.List;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.papers.cmr.CmrConfig;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Reconstruction;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Scorer;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder that goes through text segment by segment, with memories of its hidden states.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param rotaryBase the base of the rotary frequencies
 * @param segment the number of tokens of a segment
 * @param woven which layers, from 0, have a memory behind them
 * @param slots how many states a memory holds; 0 for the decoder without memories
 * @param kept how many states of a segment are offered to a memory at most
 * @param threshold the relevance, beside the largest of the segment, below which none is
 * @param scorer what decides the relevance
 * @param reconstruction what is made of what a memory gives
 * @param detached whether no gradient reaches what was remembered
 */
public record CmrModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    double rotaryBase,
    int segment,
    List<Integer> woven,
    int slots,
    int kept,
    double threshold,
    Scorer scorer,
    Reconstruction reconstruction,
    boolean detached) {

  /** Copies the list. */
  public CmrModelConfig {
    woven = List.copyOf(woven);
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  CmrConfig memory() {
    return new CmrConfig(width, heads, slots, kept, threshold, scorer, reconstruction, detached);
  }

  AttentionConfig attention() {
    return AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, rotaryBase));
  }
}
