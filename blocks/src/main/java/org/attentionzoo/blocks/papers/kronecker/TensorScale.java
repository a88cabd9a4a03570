package org.attentionzoo.blocks.papers.kronecker;

/** What divides the logits of tensor attention over heads of width d. */
public enum TensorScale {
  /** d, as in the paper's formal problem. */
  D,
  /** The square root of d, as in plain attention. */
  SQRT;

  double of(long width) {
    return this == D ? width : Math.sqrt(width);
  }
}
