package org.attentionzoo.models.papers.moh;

import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.papers.moh.MohConfig;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder language model with a mixture of heads in every layer. What it has in common with the
 * decoder of the {@code transformer} paper has the same name, so that a trained one can be turned
 * into it.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads
 * @param window how many tokens a token sees at most; 0 for all
 * @param rotaryBase the base of the rotary frequencies; acts without a window, with one positions
 *     are linear biases
 * @param sharedHeads how many heads, the first ones, act for every token
 * @param routedHeads how many of the other heads act for a token; 0 if all are shared
 * @param balanceWeight the factor of the load-balancing loss, the mean over the layers
 * @param router what decides which heads act
 */
public record MohLanguageConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    int window,
    double rotaryBase,
    int sharedHeads,
    int routedHeads,
    double balanceWeight,
    HeadRouting router) {

  /** What decides which heads act for a token. */
  public enum HeadRouting {
    /** The two-stage router with weights of its own. */
    LEARNED,
    /** The length of the heads' queries; no weights. */
    QNORM
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  AttentionConfig attention() {
    Rotary rotary = new Rotary(Rotary.Layout.HALF, rotaryBase);
    AttentionConfig full = AttentionConfig.causal(width, heads, rotary).grouped(keyValueHeads);
    return window == 0 ? full : full.windowed(window);
  }

  /** Each layer adds its share of the mean loss. */
  MohConfig mixture() {
    double share = balanceWeight / Math.max(1, layers);
    return new MohConfig(width, heads, false, false, sharedHeads, routedHeads, share);
  }
}
