package org.attentionzoo.blocks.papers.lightning;

import java.util.List;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;

/**
 * Sizes and switches of {@link TransNormer}.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param heads the number of heads
 * @param inner the size of all heads together; a multiple of heads
 * @param hidden the inner size of the gated linear units
 * @param bias whether the projections have biases
 * @param tied whether the output projection is the embedding's table
 * @param scaled whether embeddings are multiplied by the square root of the width
 * @param mixer which token mixer
 * @param positions which layers have learned positions; only the normalised mixer has any
 * @param decay whether what lies back counts less
 * @param form how attention is computed
 * @param chunk how many tokens the chunked form takes at a time
 */
public record TransNormerConfig(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int inner,
    int hidden,
    boolean bias,
    boolean tied,
    boolean scaled,
    TokenMixer mixer,
    Positions positions,
    boolean decay,
    Form form,
    int chunk) {

  /** The two official token mixers. */
  public enum TokenMixer {
    /** {@link NormLinearAttention}. */
    NORM,
    /** {@link TnlAttention}. */
    EXAMPLE
  }

  /** Which layers have learned positions. */
  public enum Positions {
    /** The first, as in the paper. */
    FIRST,
    /** All but the first, as in nanoTransNormer. */
    LATER,
    /** Every layer. */
    ALL,
    /** No layer. */
    NONE
  }

  /** Checks the sizes. */
  public TransNormerConfig {
    if (vocabulary < 1 || width < 1 || layers < 1 || hidden < 1 || chunk < 1) {
      throw new IllegalArgumentException(
          "vocabulary, width, layers, hidden and chunk must be positive; got "
              + List.of(vocabulary, width, layers, hidden, chunk));
    }
    if (heads < 1 || inner < 1 || inner % heads != 0) {
      throw new IllegalArgumentException(
          "inner must be a multiple of heads; got inner " + inner + " and " + heads + " heads");
    }
  }

  boolean placed(int layer) {
    return switch (positions) {
      case FIRST -> layer == 0;
      case LATER -> layer > 0;
      case ALL -> true;
      case NONE -> false;
    };
  }

  LightningAttention attention(int layer) {
    return new LightningAttention(
        decay ? LightningAttention.rates(heads, layer, layers) : List.of(), form, chunk);
  }
}
