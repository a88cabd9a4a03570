package org.attentionzoo.blocks.attention;

import java.util.Objects;

/**
 * What may be put in the place of parts of softmax attention.
 *
 * @param normalizer turns scores into weights
 * @param bias is added to the scores; null for none
 * @param scaling multiplies each token's scores and value; null for none
 * @param unitVectors whether queries and keys are divided by their lengths and scores are not
 *     scaled by the head's width
 */
public record AttentionParts(
    Normalizer normalizer, AttentionBias bias, TokenScaling scaling, boolean unitVectors) {

  /** Softmax attention as it is. */
  public static final AttentionParts PLAIN =
      new AttentionParts(Normalizer.SOFTMAX, null, null, false);

  /** Checks that there is a normalizer. */
  public AttentionParts {
    Objects.requireNonNull(normalizer, "normalizer");
  }

  /**
   * Softmax attention with a bias.
   *
   * @param bias is added to the scores
   * @return the parts
   */
  public static AttentionParts biased(AttentionBias bias) {
    return new AttentionParts(Normalizer.SOFTMAX, bias, null, false);
  }

  /**
   * Attention with another normalizer.
   *
   * @param normalizer turns scores into weights
   * @return the parts
   */
  public static AttentionParts normalized(Normalizer normalizer) {
    return new AttentionParts(normalizer, null, null, false);
  }

  /**
   * Softmax attention with a factor for each token.
   *
   * @param scaling multiplies each token's scores and value
   * @return the parts
   */
  public static AttentionParts scaled(TokenScaling scaling) {
    return new AttentionParts(Normalizer.SOFTMAX, null, scaling, false);
  }

  /** Whether nothing is replaced. */
  boolean arePlain() {
    return equals(PLAIN);
  }
}
