package org.attentionzoo.blocks.systems;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;

/** A mixer that tells which linear time-varying system it is for a given input. */
public interface DynamicalSystem extends Mixer {

  /**
   * The system.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @return its matrices, such that its output is {@link #inner}
   */
  TimeVaryingSystem system(Pass pass, NDArray hidden);

  /**
   * What the mixer computes in its own form before its last projection.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @return (B, L, width)
   */
  NDArray inner(Pass pass, NDArray hidden);

  /**
   * The size of the hidden states that it mixes.
   *
   * @return the width
   */
  int width();
}
