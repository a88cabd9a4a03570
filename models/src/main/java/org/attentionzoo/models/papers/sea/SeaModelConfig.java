package org.attentionzoo.models.papers.sea;

import org.attentionzoo.blocks.papers.sea.SeaAttention;
import org.attentionzoo.blocks.papers.sea.SeaAttention.Stage;
import org.attentionzoo.blocks.papers.sea.SeaConfig;
import org.attentionzoo.blocks.papers.sea.SeaConfig.Grouping;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder language model with SEA in every layer. What it has in common with the decoder of the
 * {@code transformer} paper has the same name, so that a trained one can be turned into it.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads
 * @param rotaryBase the base of the rotary frequencies
 * @param keys to how many keys a query attends in each head, about
 * @param columns how many columns the estimated map has
 * @param featureDivisor of d ln d random directions this part is used
 * @param oversample by what factor more cells are marked and then thinned
 * @param positions the longest sequence
 * @param stage sparse attention, with or without the loss by which the estimate learns; or softmax
 *     attention as before a conversion, where the estimate, and nothing else, learns its pattern
 */
public record SeaModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    double rotaryBase,
    int keys,
    int columns,
    double featureDivisor,
    double oversample,
    int positions,
    Stage stage) {

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  SeaAttention.Config attention() {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and " + heads + " heads");
    }
    SeaConfig core =
        new SeaConfig(
            heads,
            width / heads,
            true,
            keys,
            columns,
            featureDivisor,
            Grouping.CAUSAL_BATCH,
            oversample,
            positions,
            true,
            false);
    return new SeaAttention.Config(
        width,
        keyValueHeads,
        false,
        new Rotary(Rotary.Layout.HALF, rotaryBase),
        core,
        stage,
        1.0 / Math.max(1, layers));
  }
}
