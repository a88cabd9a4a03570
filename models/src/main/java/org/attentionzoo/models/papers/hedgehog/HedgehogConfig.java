package org.attentionzoo.models.papers.hedgehog;

import org.attentionzoo.blocks.attention.AttentionTransfer;
import org.attentionzoo.blocks.linear.Features;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearSelfAttention;
import org.attentionzoo.blocks.linear.LinearSelfAttention.Stage;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder language model with linear attention in every layer. What it has in common with the
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
 * @param rotaryBase the base of the rotary frequencies
 * @param features the feature map
 * @param stage linear attention; or softmax attention as before a conversion, with or without the
 *     loss by which the feature maps, and nothing else, learn its weights
 * @param crossEntropy the factor of the cross entropy of weights in that loss
 * @param meanSquare the factor of the mean square of outputs in that loss
 * @param form how linear attention is computed
 * @param chunk how many tokens the chunked form takes at a time
 */
public record HedgehogConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    double rotaryBase,
    Features features,
    Stage stage,
    double crossEntropy,
    double meanSquare,
    Form form,
    int chunk) {

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }

  LinearSelfAttention.Config attention() {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and " + heads + " heads");
    }
    return new LinearSelfAttention.Config(
        width,
        heads,
        keyValueHeads,
        width / heads,
        false,
        new Rotary(Rotary.Layout.HALF, rotaryBase),
        LinearAttentionConfig.mean(true).computed(form, chunk),
        stage,
        new AttentionTransfer(crossEntropy, meanSquare),
        1.0 / Math.max(1, layers));
  }
}
