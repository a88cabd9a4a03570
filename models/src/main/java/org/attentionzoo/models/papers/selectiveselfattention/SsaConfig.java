package org.attentionzoo.models.papers.selectiveselfattention;

import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.papers.selectiveselfattention.Temperature;
import org.attentionzoo.blocks.papers.selectiveselfattention.Temperature.Token;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder with selective self-attention in every layer. What it has in common with the decoder of
 * the {@code transformer} paper has the same name.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param rotaryBase the base of the rotary frequencies
 * @param queries the token's temperature of queries
 * @param values the token's temperature of values
 * @param position whether scores grow with the logarithm of the keys in sight
 */
public record SsaConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    double rotaryBase,
    Token queries,
    Token values,
    boolean position) {

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  AttentionConfig attention() {
    return AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, rotaryBase));
  }

  AttentionParts parts() {
    if (queries == Token.NONE && values == Token.NONE && !position) {
      return AttentionParts.PLAIN;
    }
    return AttentionParts.scaled(
        new Temperature(
            new Temperature.Config(width, heads, width / heads, queries, values, position)));
  }
}
