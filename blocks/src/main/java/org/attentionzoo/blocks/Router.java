package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;

/** The seam of all mixtures: tokens to weights over heads, experts or modules. */
public interface Router extends Block {

  /**
   * Decides how much of each part a token gets.
   *
   * @param pass what the pass carries; a training pass collects the router's auxiliary loss
   * @param tokens (B, L, D)
   * @return (B, L, parts) weights; 0 where a part is switched off for a token
   */
  NDArray route(Pass pass, NDArray tokens);

  /**
   * The number of parts.
   *
   * @return the size of the last axis of the weights
   */
  int parts();
}
