package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * A mixer as a block of its own: takes hidden states and, optionally, which of them are padding.
 */
public abstract class MixerBlock extends ZooBlock implements Mixer {

  /**
   * Mixes the tokens of each sequence.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, D), and optionally (B, L) boolean, false where padded
   * @return (B, L, D)
   */
  @Override
  public final NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(mix(pass, inputs.get(0), Sequences.padded(valid)));
  }
}
