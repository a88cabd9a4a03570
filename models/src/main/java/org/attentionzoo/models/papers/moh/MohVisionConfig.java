package org.attentionzoo.models.papers.moh;

import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.moh.HeadLists;

/**
 * Sizes of a Vision Transformer with a mixture of heads in every layer.
 *
 * @param image the side of the square images, in pixels; a multiple of patch
 * @param channels the number of colour channels
 * @param patch the side of a square patch, in pixels
 * @param classes the number of classes
 * @param width the size of the hidden states; a multiple of heads
 * @param layers the number of layers
 * @param heads the number of heads
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on residual branches
 * @param sharedHeads how many heads of each layer always act; empty for plain attention
 * @param routedHeads how many of the other heads act for a token; empty for plain attention
 * @param balanceWeight the factor of the mean load-balancing loss of the layers that route
 */
public record MohVisionConfig(
    int image,
    int channels,
    int patch,
    int classes,
    int width,
    int layers,
    int heads,
    int hidden,
    double dropout,
    List<Integer> sharedHeads,
    List<Integer> routedHeads,
    double balanceWeight) {

  /** Checks the lists; the rest is checked by what is built from it. */
  public MohVisionConfig {
    Limits.notNegative("balanceWeight", balanceWeight);
    sharedHeads = List.copyOf(sharedHeads);
    routedHeads = List.copyOf(routedHeads);
    HeadLists.check(layers, sharedHeads, routedHeads);
  }
}
