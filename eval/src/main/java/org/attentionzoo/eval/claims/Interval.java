package org.attentionzoo.eval.claims;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A figure with how far it can be trusted.
 *
 * @param mean the mean over seeds
 * @param low the lower end of the 95% interval; NaN if it cannot be told
 * @param high the upper end
 * @param basis what the interval is over: {@code seeds}, {@code items} or {@code nothing}
 */
public record Interval(double mean, double low, double high, String basis) {

  private static final int RESAMPLES = 10_000;
  private static final double TAIL = 0.025;
  private static final double NORMAL = 1.96;

  /**
   * The bootstrap's percentile interval of the mean over seeds; drawn with a fixed seed.
   *
   * @param values one for each seed, at least two
   * @return the interval
   */
  static Interval overSeeds(List<Double> values) {
    double[] figures = values.stream().mapToDouble(Double::doubleValue).toArray();
    SplittableRandom random = new SplittableRandom(1);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (int j = 0; j < figures.length; j++) {
        sum += figures[random.nextInt(figures.length)];
      }
      means[i] = sum / figures.length;
    }
    Arrays.sort(means);
    int cut = (int) (TAIL * RESAMPLES);
    return new Interval(
        Arrays.stream(figures).average().orElse(Double.NaN),
        means[cut],
        means[RESAMPLES - 1 - cut],
        "seeds");
  }

  /**
   * The interval of one run's figure from the variance of its mean over the evaluated items.
   *
   * @param value the figure
   * @param variance the variance of its estimate
   * @return the interval
   */
  static Interval overItems(double value, double variance) {
    double reach = NORMAL * Math.sqrt(variance);
    return new Interval(value, value - reach, value + reach, "items");
  }

  /**
   * One run's figure of which no more is known.
   *
   * @param value the figure
   * @return an interval without ends
   */
  static Interval unknown(double value) {
    return new Interval(value, Double.NaN, Double.NaN, "nothing");
  }

  /**
   * Whether all of it lies within bounds.
   *
   * @param least the lower bound, possibly minus infinity
   * @param most the upper bound, possibly infinity
   * @return yes if all of it does, no if none of it does, else inconclusive
   */
  Verdict within(double least, double most) {
    if (Double.isNaN(mean)) {
      return Verdict.NOT_REPRODUCED;
    }
    if (Double.isNaN(low)) {
      return Verdict.INCONCLUSIVE;
    }
    if (low >= least && high <= most) {
      return Verdict.REPRODUCED;
    }
    return high < least || low > most ? Verdict.NOT_REPRODUCED : Verdict.INCONCLUSIVE;
  }
}
