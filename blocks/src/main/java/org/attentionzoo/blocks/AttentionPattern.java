package org.attentionzoo.blocks;

/**
 * The four patterns of attention of CAB (Zhang et al. 2022, table 1): what is attended to, and
 * whether what attends is generated step by step.
 */
public enum AttentionPattern {
  /** A sequence to itself, in both directions. */
  NONCAUSAL_SELF(false, false),
  /** A sequence to itself, no place to later ones. */
  CAUSAL_SELF(true, false),
  /** A sequence to another one. */
  NONCAUSAL_CROSS(false, true),
  /** A sequence that is generated step by step to another one, all of which is there. */
  CAUSAL_CROSS(true, true);

  private final boolean causal;
  private final boolean cross;

  AttentionPattern(boolean causal, boolean cross) {
    this.causal = causal;
    this.cross = cross;
  }

  /**
   * Whether no output may depend on later places of what attends.
   *
   * @return true if causal
   */
  public boolean isCausal() {
    return causal;
  }

  /**
   * Whether another sequence is attended to.
   *
   * @return true if cross
   */
  public boolean isCross() {
    return cross;
  }
}
