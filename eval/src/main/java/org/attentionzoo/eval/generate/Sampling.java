package org.attentionzoo.eval.generate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;

/**
 * How the next token is drawn from a model's logits: first the {@code topK} likeliest are kept,
 * then, of those, the fewest that together have the share {@code topP}.
 *
 * @param temperature what logits are divided by; 0 takes the likeliest token
 * @param topK how many tokens are kept; 0 for all
 * @param topP the share of the probability that is kept; 1 for all
 * @param seed decides every draw
 */
public record Sampling(double temperature, int topK, double topP, long seed) {

  /** Draws from the model's own distribution. */
  public static final Sampling DEFAULT = new Sampling(1, 0, 1, 1);

  /** Always the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 1);

  /** Checks the values. */
  public Sampling {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new UserException(
          "temperature=" + temperature + " was given; it must be a number from 0 up");
    }
    if (topK < 0) {
      throw new UserException("top-k=" + topK + " was given; it must be 0 (all) or more");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new UserException(
          "top-p=" + topP + " was given; it must be above 0 and at most 1 (all)");
    }
  }

  /**
   * Draws a token.
   *
   * @param logits one for each token
   * @param random the source of randomness; not used when the temperature is 0
   * @return the token
   * @throws IllegalArgumentException if no logit is a number above minus infinity, or one is NaN
   */
  int draw(float[] logits, SplittableRandom random) {
    int best = likeliest(logits);
    if (temperature == 0) {
      return best;
    }
    double[] weights = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      weights[i] = Math.exp(((double) logits[i] - logits[best]) / temperature);
    }
    if (topK > 0 || topP < 1) {
      cut(weights);
    }
    double target = random.nextDouble() * Arrays.stream(weights).sum();
    int last = best;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        target -= weights[i];
        if (target < 0) {
          return i;
        }
      }
    }
    return last;
  }

  private static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 0; i < logits.length; i++) {
      if (Float.isNaN(logits[i])) {
        throw new IllegalArgumentException("the model's logits are NaN");
      }
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    if (Float.isInfinite(logits[best])) {
      throw new IllegalArgumentException("the model's largest logit is " + logits[best]);
    }
    return best;
  }

  /** Sets the weights of the tokens that are not kept to 0. */
  private void cut(double[] weights) {
    int[] order =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted((a, b) -> Double.compare(weights[b], weights[a]))
            .mapToInt(Integer::intValue)
            .toArray();
    int kept = topK == 0 ? order.length : Math.min(topK, order.length);
    double total = IntStream.range(0, kept).mapToDouble(i -> weights[order[i]]).sum();
    double share = 0;
    int within = 0;
    while (within < kept && share < topP * total) {
      share += weights[order[within]];
      within++;
    }
    for (int i = Math.max(1, within); i < order.length; i++) {
      weights[order[i]] = 0;
    }
  }
}
