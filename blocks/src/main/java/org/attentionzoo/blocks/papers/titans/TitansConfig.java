package org.attentionzoo.blocks.papers.titans;

/**
 * Sizes of a Titans mixer.
 *
 * @param memory the long-term memory
 * @param heads the number of attention heads
 * @param span how many tokens attention spans: the segment of memory-as-context, the window of
 *     memory-as-gate and memory-as-layer
 * @param persistent the number of learned tokens that every query sees, N_p in the paper
 */
public record TitansConfig(NeuralMemoryConfig memory, int heads, int span, int persistent) {

  /** Checks the sizes. */
  public TitansConfig {
    if (heads < 1 || span < 1 || persistent < 0) {
      throw new IllegalArgumentException(
          "heads and span must be positive, persistent not negative; got "
              + heads
              + ", "
              + span
              + ", "
              + persistent);
    }
  }

  int width() {
    return memory.width();
  }
}
