package org.attentionzoo.blocks.papers.selectiveselfattention;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Sizes of {@link SelectiveGpt}.
 *
 * @param vocabulary the number of tokens
 * @param context the number of learned positions
 * @param width the size of the hidden states; a multiple of heads
 * @param layers the number of layers
 * @param heads the number of heads
 * @param bias whether linear maps and norms have biases
 * @param dropout the rate on embeddings, attention patterns and residual branches
 */
public record GptConfig(
    int vocabulary, int context, int width, int layers, int heads, boolean bias, double dropout) {

  private static final double DEVIATION = 0.02;
  private static final double EPSILON = 1e-5;

  /** Checks the sizes. */
  public GptConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
    if (heads < 1 || width % heads != 0 || context < 1) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads and context positive; got width "
              + width
              + ", "
              + heads
              + " heads, context "
              + context);
    }
  }

  /** What leads back to the residual stream starts smaller, the deeper the model. */
  double residualDeviation() {
    return DEVIATION / Math.sqrt(2.0 * layers);
  }

  LayerNorm norm() {
    return new LayerNorm(width, EPSILON, bias);
  }

  Linear linear(int in, int out, double deviation) {
    return new Linear(
        in, out, Initializers.normal(deviation), bias ? Initializers.constant(0) : null);
  }
}
