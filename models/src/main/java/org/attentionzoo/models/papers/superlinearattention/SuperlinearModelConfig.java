package org.attentionzoo.models.papers.superlinearattention;

import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.linear.FixedFeatures;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearSelfAttention;
import org.attentionzoo.blocks.papers.superlinearattention.SpanConfig;
import org.attentionzoo.blocks.papers.superlinearattention.SuperlinearAttention;
import org.attentionzoo.blocks.shells.DecoderConfig;

/**
 * A decoder in which layers of linear attention with decay, the first of them below, take turns
 * with superlinear attention: the former make a key speak for its neighbourhood.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param dropout the rate on embeddings and residual branches
 * @param heads the number of heads
 * @param keyValueHeads the number of key and value heads of superlinear attention
 * @param spans where queries search
 * @param dense whether the superlinear layers attend to everything instead, with the same weights
 */
public record SuperlinearModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    double dropout,
    int heads,
    int keyValueHeads,
    SpanConfig spans,
    boolean dense) {

  /** Checks the values. */
  public SuperlinearModelConfig {
    Limits.positive("heads", heads);
  }

  private static final double FASTEST = 0.5;
  private static final double SLOWER = 4;

  Mixer mixer(int layer) {
    if (layer % 2 == 1) {
      return new SuperlinearAttention(width, heads, keyValueHeads, spans, dense);
    }
    List<Double> rates = new ArrayList<>();
    double rate = FASTEST;
    for (int head = 0; head < heads; head++) {
      rates.add(rate);
      rate /= SLOWER;
    }
    return new LinearSelfAttention(
        new LinearSelfAttention.Config(
            width,
            heads,
            heads,
            width / heads,
            false,
            null,
            LinearAttentionConfig.mean(true).decaying(rates),
            LinearSelfAttention.Stage.LINEAR,
            null,
            1),
        new FixedFeatures(FixedFeatures.Kind.ELU),
        new FixedFeatures(FixedFeatures.Kind.ELU));
  }

  DecoderConfig decoder() {
    return new DecoderConfig(vocabulary, width, layers, hidden, tied, dropout);
  }
}
