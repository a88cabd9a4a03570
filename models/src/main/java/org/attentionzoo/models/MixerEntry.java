package org.attentionzoo.models;

import org.attentionzoo.blocks.Mixer;

/**
 * A causal mixer that a paper offers to every decoder, so that mixers can be compared in the same
 * one.
 *
 * @param name for example {@code lightning}
 * @param paper the id of the paper it belongs to
 * @param summary one line
 * @param factory makes the mixer of a layer
 */
public record MixerEntry(String name, String paper, String summary, Factory factory) {

  /**
   * What the decoder decides.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads, where a mixer has any; divides width
   * @param layers the number of layers
   */
  public record Sizes(int width, int heads, int layers) {

    /** Checks the sizes. */
    public Sizes {
      if (width < 1 || heads < 1 || layers < 1 || width % heads != 0) {
        throw new IllegalArgumentException(
            "width must be a multiple of heads, layers positive; got "
                + width
                + ", "
                + heads
                + ", "
                + layers);
      }
    }
  }

  /** Makes mixers. */
  @FunctionalInterface
  public interface Factory {
    /**
     * Makes the mixer of a layer.
     *
     * @param sizes what the decoder decides
     * @param layer which layer, from 0
     * @return a causal mixer
     */
    Mixer make(Sizes sizes, int layer);
  }
}
