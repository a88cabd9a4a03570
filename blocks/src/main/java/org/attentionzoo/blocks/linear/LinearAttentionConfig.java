package org.attentionzoo.blocks.linear;

import java.util.List;

/**
 * The parts of a {@link LinearAttention} beside the feature map, which its caller applies.
 *
 * @param causal whether a token sees only itself and earlier ones
 * @param normaliser what a token's sum of values is divided by
 * @param epsilon added to the divisor
 * @param decay a rate for each head, at least 0: what lies n tokens back counts exp(-rate n) times.
 *     Empty for none
 * @param form how it is computed
 * @param chunk how many tokens the chunked form takes at a time
 */
public record LinearAttentionConfig(
    boolean causal,
    Normaliser normaliser,
    double epsilon,
    List<Double> decay,
    Form form,
    int chunk) {

  /** What a token's sum of values is divided by. */
  public enum Normaliser {
    /** Nothing. */
    NONE,
    /** The sum of the weights, so that they become weights of a mean. */
    SUM
  }

  /** Three ways to compute the same. */
  public enum Form {
    /** All weights at once; time and memory quadratic in the length. */
    PARALLEL,
    /** A chunk of tokens at a time; linear in the length. */
    CHUNKED,
    /** A token at a time; linear in the length. */
    RECURRENT
  }

  private static final int USUAL_CHUNK = 64;

  /** Checks the values. */
  public LinearAttentionConfig {
    decay = List.copyOf(decay);
    if (chunk < 1 || !(epsilon >= 0)) {
      throw new IllegalArgumentException(
          "chunk must be positive and epsilon not negative; got " + chunk + " and " + epsilon);
    }
    if (!decay.isEmpty() && !causal) {
      throw new IllegalArgumentException("decay needs causal attention: it counts tokens back");
    }
    for (double rate : decay) {
      if (!(rate >= 0 && Double.isFinite(rate))) {
        throw new IllegalArgumentException(
            "rates of decay are finite and at least 0; got " + decay);
      }
    }
  }

  /**
   * Means over the past, without decay, in chunks.
   *
   * @param causal whether a token sees only itself and earlier ones
   * @return the config
   */
  public static LinearAttentionConfig mean(boolean causal) {
    return new LinearAttentionConfig(
        causal, Normaliser.SUM, 1e-12, List.of(), Form.CHUNKED, USUAL_CHUNK);
  }

  /**
   * Sums over the past, without decay, in chunks.
   *
   * @param causal whether a token sees only itself and earlier ones
   * @return the config
   */
  public static LinearAttentionConfig sum(boolean causal) {
    return new LinearAttentionConfig(
        causal, Normaliser.NONE, 0, List.of(), Form.CHUNKED, USUAL_CHUNK);
  }

  /**
   * The same with decay.
   *
   * @param rates a rate for each head; empty for none
   * @return a copy
   */
  public LinearAttentionConfig decaying(List<Double> rates) {
    return new LinearAttentionConfig(causal, normaliser, epsilon, rates, form, chunk);
  }

  /**
   * The same, computed in another way.
   *
   * @param other how
   * @param tokens how many tokens the chunked form takes at a time
   * @return a copy
   */
  public LinearAttentionConfig computed(Form other, int tokens) {
    return new LinearAttentionConfig(causal, normaliser, epsilon, decay, other, tokens);
  }
}
