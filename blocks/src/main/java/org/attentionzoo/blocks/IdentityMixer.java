package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;

/** The mixer that mixes nothing: hidden states pass through unchanged. */
public final class IdentityMixer extends MixerBlock {

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    return hidden;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }
}
