package org.attentionzoo.models.papers.positionalattention;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig.Mode;

/**
 * A Transformer that computes a list of numbers from a list of as many.
 *
 * @param features the length n of the lists
 * @param extra tokens of working space behind each list
 * @param width the size of the hidden states
 * @param heads the number of heads
 * @param layers the number of layers; floor(log2 n) + 1 in the paper
 * @param hidden the inner size of the layers' networks
 * @param depth how many linear maps a layer's network has
 * @param mode where queries and keys come from
 */
public record PositionalModelConfig(
    int features, int extra, int width, int heads, int layers, int hidden, int depth, Mode mode) {

  /** Checks the values. */
  public PositionalModelConfig {
    Limits.positive("features", features);
    Limits.positive("width", width);
    Limits.positive("hidden", hidden);
    Limits.notNegative("extra", extra);
    Limits.notNegative("layers", layers);
  }

  PositionalConfig transformer() {
    int positions = features + extra;
    int inputs = mode == Mode.POSITIONAL ? 1 : 1 + positions;
    return new PositionalConfig(inputs, width, 1, heads, layers, hidden, depth, mode, positions);
  }
}
