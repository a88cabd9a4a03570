package org.attentionzoo.models.papers.masformer;

import java.util.List;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder whose layers see spans of two kinds. What it has in common with the decoder of the
 * {@code transformer} paper has the same name, and its weights have the same names and shapes.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param rotaryBase the base of the rotary frequencies
 * @param fullLayers which layers, counted from 0, see all earlier tokens
 * @param span what the other layers see
 * @param block the number of tokens of a block or window
 */
public record MasformerConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    double rotaryBase,
    List<Integer> fullLayers,
    AttentionSpan.Kind span,
    int block) {

  /** Checks the layers. */
  public MasformerConfig {
    fullLayers = List.copyOf(fullLayers);
    for (int layer : fullLayers) {
      if (layer < 0 || layer >= layers) {
        throw new IllegalArgumentException(
            "fullLayers names layer " + layer + ", but layers count from 0 to " + (layers - 1));
      }
    }
  }

  AttentionSpan span(int layer) {
    return fullLayers.contains(layer) ? AttentionSpan.FULL : new AttentionSpan(span, block);
  }

  AttentionConfig attention() {
    return AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, rotaryBase));
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }
}
