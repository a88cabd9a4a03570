package org.attentionzoo.blocks.papers.sea;

/**
 * Sizes and switches of {@link SeaCore}; the official names are in brackets.
 *
 * @param heads the number of heads
 * @param headWidth the size of a head, at least 3
 * @param causal whether a token sees only itself and earlier ones
 * @param keys to how many keys a query attends in each head, about [k]
 * @param columns how many columns the estimated map has [attention_predictor_length]
 * @param featureDivisor of d ln d random directions this part is used [performer_nb_factor]
 * @param grouping whose cells compete [k_flatten_dim]
 * @param oversample by what factor more cells are marked and then thinned [k_oversample]
 * @param positions the longest sequence that causal attention has learned positions for
 *     [max_position_embeddings]
 * @param scaled whether each query scales its weights [partial_attention_scaler]
 * @param joint whether one encoder sees all heads at once [attention_predictor_enc_per_layer]
 */
public record SeaConfig(
    int heads,
    int headWidth,
    boolean causal,
    int keys,
    int columns,
    double featureDivisor,
    Grouping grouping,
    double oversample,
    int positions,
    boolean scaled,
    boolean joint) {

  /** Whose cells of the estimated map compete for the budget. */
  public enum Grouping {
    /** Those of one query in one head. */
    QUERY,
    /** Those of all queries of one head. */
    HEAD,
    /** Those of all queries and heads. */
    BATCH,
    /** Those of one query in all heads; the only one that is causal. */
    CAUSAL_BATCH
  }

  /** Checks the sizes. */
  public SeaConfig {
    if (heads < 1 || headWidth < 3 || keys < 1 || positions < 1) {
      throw new IllegalArgumentException(
          "heads, keys and positions must be positive, headWidth at least 3; got "
              + heads
              + ", "
              + keys
              + ", "
              + positions
              + " and "
              + headWidth);
    }
    if (columns < (causal ? 4 : 2)) {
      throw new IllegalArgumentException(
          "the map needs at least " + (causal ? 4 : 2) + " columns; got " + columns);
    }
    if (!(featureDivisor > 0) || features(headWidth, featureDivisor) < 1) {
      throw new IllegalArgumentException(
          "featureDivisor is " + featureDivisor + ", which leaves no random direction");
    }
    if (!(oversample >= 1)) {
      throw new IllegalArgumentException("oversample must be at least 1; got " + oversample);
    }
    if (causal && grouping != Grouping.CAUSAL_BATCH) {
      throw new IllegalArgumentException(
          "causal attention needs the grouping CAUSAL_BATCH: in "
              + grouping
              + " other queries or rows of unequal length would compete");
    }
  }

  /**
   * The official defaults: 7 keys, 128 columns.
   *
   * @param heads the number of heads
   * @param headWidth the size of a head
   * @param causal whether a token sees only itself and earlier ones
   * @param keys to how many keys a query attends in each head
   * @param columns how many columns the estimated map has
   * @param positions the longest sequence
   * @return the config
   */
  public static SeaConfig of(
      int heads, int headWidth, boolean causal, int keys, int columns, int positions) {
    return new SeaConfig(
        heads,
        headWidth,
        causal,
        keys,
        columns,
        1,
        Grouping.CAUSAL_BATCH,
        1,
        positions,
        true,
        false);
  }

  /** The number of random directions. */
  int features() {
    return features(headWidth, featureDivisor);
  }

  private static int features(int headWidth, double divisor) {
    return (int) (headWidth * Math.log(headWidth) / divisor);
  }

  /** Into how many channels a row of the estimate is split. */
  int splits() {
    return causal ? 2 : 4;
  }

  /** How much narrower than the map the estimate is made at first. */
  int narrowing() {
    return causal ? 4 : 2;
  }

  /** The factor of the logits: causal queries come scaled. */
  double scale() {
    return causal ? 1 : 1 / Math.sqrt(headWidth);
  }
}
