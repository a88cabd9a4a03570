package org.attentionzoo.blocks.papers.deconstructingattention;

/** What stands in attention's place. */
public enum Variant {
  /** Softmax attention. */
  STANDARD,
  /** A gated network of each token by itself: no token sees another. */
  MLP,
  /** The Taylor series of exp to the second order instead of exp. */
  TAYLOR2,
  /** Scores of each key with its own query, so that no pair is compared. */
  SELFGATE,
  /** Queries and keys of a second stream that begins with fixed random vectors. */
  RNDQK,
  /** Queries and keys of a second stream that begins with the embeddings of a fixed text. */
  FIXEDQK,
  /** Queries and keys of the embeddings, in every layer. */
  STATICQK;

  /**
   * Whether a second stream runs through the layers.
   *
   * @return true for those whose patterns do not depend on the input
   */
  public boolean hasStream() {
    return this == RNDQK || this == FIXEDQK;
  }

  /**
   * Whether scores compare queries with keys, so that rotary positions act.
   *
   * @return false without attention and for the self-gated form
   */
  public boolean compares() {
    return this != MLP && this != SELFGATE;
  }
}
