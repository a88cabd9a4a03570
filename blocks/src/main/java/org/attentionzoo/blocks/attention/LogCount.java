package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;

/**
 * Scores grow with the logarithm of the number N of keys in sight: constant + factor ln N.
 *
 * @param constant what is there for one key
 * @param factor what comes with each power of e
 */
public record LogCount(double constant, double factor) implements TokenScaling {

  /** {@inheritDoc} */
  @Override
  public NDArray ofQueries(Pass pass, NDArray hidden, NDArray queries, NDArray counts) {
    return Arithmetic.times(counts.log(), factor).add(constant);
  }
}
