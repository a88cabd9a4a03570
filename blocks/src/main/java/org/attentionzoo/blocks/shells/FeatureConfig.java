package org.attentionzoo.blocks.shells;

import org.attentionzoo.blocks.Limits;

/**
 * The sizes of a {@link FeatureTransformer}.
 *
 * @param features the columns of a row
 * @param outputs the values that are predicted, or the classes
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on residual branches
 */
public record FeatureConfig(
    int features, int outputs, int width, int layers, int hidden, double dropout) {

  /** Checks the values. */
  public FeatureConfig {
    Limits.positive("features", features);
    Limits.positive("outputs", outputs);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
  }
}
