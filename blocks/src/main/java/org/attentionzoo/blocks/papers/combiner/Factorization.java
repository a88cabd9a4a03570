package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;

/** One way to divide the tokens into those that are seen one by one and spans. */
interface Factorization {

  /**
   * Averages.
   *
   * @param pass what the pass carries
   * @param heads queries, keys, and the values that keys may depend on
   * @param averaged (B, H, L, e) what is averaged: the values, or rows of the identity, which give
   *     every token's weights
   * @param hidden (B, L, D) what the heads were made of
   * @return (B, H, L, e)
   */
  NDArray attend(Pass pass, Heads heads, NDArray averaged, NDArray hidden);
}
