package org.attentionzoo.blocks.papers.terminator;

/**
 * The size of a slow net, which makes a kernel out of its coordinates.
 *
 * @param hidden its hidden channels
 * @param layers how many layers multiply; there is one filter more
 * @param frequency omega, the scale of the filters' frequencies
 */
public record SlowNetConfig(int hidden, int layers, double frequency) {

  /** Refuses sizes without sense. */
  public SlowNetConfig {
    if (hidden < 1 || layers < 1 || !(frequency > 0)) {
      throw new IllegalArgumentException(
          "a slow net needs hidden, layers and frequency above 0; got "
              + hidden
              + ", "
              + layers
              + " and "
              + frequency);
    }
  }
}
