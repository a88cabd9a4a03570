package org.attentionzoo.training.metrics;

import java.util.Arrays;

/**
 * The area under the receiver operating characteristic: the probability that a positive case has a
 * higher score than a negative one, equal scores counting a half. Keeps all scores, 8 bytes for
 * each. For one thread.
 */
public final class AreaUnderCurve {

  private double[] positives = new double[64];
  private double[] negatives = new double[64];
  private int positiveCount;
  private int negativeCount;

  /**
   * Adds a case.
   *
   * @param score the higher, the more it is held for positive
   * @param positive whether it is
   */
  public void add(double score, boolean positive) {
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("a score is NaN; there is no order of such");
    }
    // -0.0 and 0.0 are one score, which sorting would tell apart.
    double value = score + 0.0;
    if (positive) {
      positives = room(positives, positiveCount);
      positives[positiveCount++] = value;
    } else {
      negatives = room(negatives, negativeCount);
      negatives[negativeCount++] = value;
    }
  }

  private static double[] room(double[] values, int used) {
    return used < values.length ? values : Arrays.copyOf(values, 2 * used);
  }

  /**
   * Whether there were cases of both classes, without which there is no area.
   *
   * @return whether {@link #value} may be asked for
   */
  public boolean isDefined() {
    return positiveCount > 0 && negativeCount > 0;
  }

  /**
   * The area.
   *
   * @return from 0 to 1; 0.5 for guessing
   * @throws IllegalStateException if there were no positive or no negative cases
   */
  public double value() {
    if (!isDefined()) {
      throw new IllegalStateException(
          "the area under the curve needs cases of both classes; got "
              + positiveCount
              + " positive and "
              + negativeCount
              + " negative");
    }
    double[] high = Arrays.copyOf(positives, positiveCount);
    double[] low = Arrays.copyOf(negatives, negativeCount);
    Arrays.sort(high);
    Arrays.sort(low);
    double wins = 0;
    int below = 0;
    int upTo = 0;
    for (double score : high) {
      while (below < low.length && low[below] < score) {
        below++;
      }
      upTo = Math.max(upTo, below);
      while (upTo < low.length && low[upTo] == score) {
        upTo++;
      }
      wins += (below + upTo) / 2.0;
    }
    return wins / positiveCount / negativeCount;
  }
}
