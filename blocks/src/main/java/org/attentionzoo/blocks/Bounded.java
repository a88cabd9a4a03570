package org.attentionzoo.blocks;

/** A causal language model that has positions for so many tokens and no more. */
public interface Bounded {

  /**
   * How many tokens a sequence may have.
   *
   * @return at least 1
   */
  int context();
}
