package org.attentionzoo.models;

/** What a model computes, and so which tasks can train it. */
public enum ModelKind {
  /** Tokens (B, L) int64 to logits (B, L, vocabulary) of the next token. */
  CAUSAL_LANGUAGE_MODEL("causal-lm"),
  /** Tokens (B, L) int64 to logits (B, L, vocabulary) of the token at the same place. */
  MASKED_LANGUAGE_MODEL("masked-lm"),
  /** Tokens (B, L) int64 to logits (B, classes). */
  SEQUENCE_CLASSIFIER("sequence-classifier"),
  /** Source (B, Ls) and target (B, Lt) int64 to logits (B, Lt, vocabulary) of the next token. */
  SEQUENCE_TO_SEQUENCE("sequence-to-sequence"),
  /** Images (B, channels, height, width) to logits (B, classes). */
  IMAGE_CLASSIFIER("image-classifier"),
  /**
   * Noisy images (B, channels, height, width), times (B) and labels (B) int64 to the noise (B,
   * outputs, height, width).
   */
  DIFFUSION("diffusion"),
  /** Item histories (B, L) int64 to scores of items. */
  RECOMMENDER("recommender"),
  /** Windows (B, L, channels) to forecasts (B, horizon, channels). */
  FORECASTER("forecaster"),
  /** Vectors (B, features) to values (B, outputs). */
  REGRESSOR("regressor");

  private final String label;

  ModelKind(String label) {
    this.label = label;
  }

  /**
   * The name used on the command line and in recipes.
   *
   * @return for example {@code causal-lm}
   */
  public String label() {
    return label;
  }
}
