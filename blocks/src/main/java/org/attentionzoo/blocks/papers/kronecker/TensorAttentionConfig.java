package org.attentionzoo.blocks.papers.kronecker;

/**
 * Sizes and switches of {@link TensorAttention}.
 *
 * @param width the size of the hidden states
 * @param heads the number of heads
 * @param headWidth the size of each head's queries, keys and values
 * @param order how many tokens a weight concerns: 2 for plain attention, 3 for pairs of keys, ...
 * @param causal whether tuples with later tokens are hidden
 * @param scale what divides the logits
 */
public record TensorAttentionConfig(
    int width, int heads, int headWidth, int order, boolean causal, TensorScale scale) {

  /** Refuses sizes without sense. */
  public TensorAttentionConfig {
    if (width < 1 || heads < 1 || headWidth < 1) {
      throw new IllegalArgumentException("width, heads and headWidth must be at least 1");
    }
    if (order < 2 || order > 5) {
      throw new IllegalArgumentException(
          "order is " + order + "; expected 2 to 5: each more multiplies the cost by the length");
    }
  }
}
