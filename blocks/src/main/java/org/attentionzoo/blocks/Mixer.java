package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;

/**
 * The seam at which everything that lets tokens see each other plugs into a decoder or an encoder:
 * hidden states to hidden states.
 */
public interface Mixer extends Block {

  /**
   * Mixes the tokens of each sequence.
   *
   * @param pass what the pass carries; with a cache, {@code hidden} continues the sequences that it
   *     holds
   * @param hidden (B, L, D) normalised hidden states
   * @param sequences padding and positions
   * @return (B, L, D), to be added to the residual stream; what stands at padded positions is
   *     unspecified
   */
  NDArray mix(Pass pass, NDArray hidden, Sequences sequences);

  /**
   * Whether no output depends on later tokens.
   *
   * @return true if the mixer may be used in a decoder
   */
  boolean isCausal();

  /**
   * The mixer's name among the children of its layer.
   *
   * @return {@code attention} for attention, {@code mixer} by default
   */
  default String role() {
    return "mixer";
  }
}
