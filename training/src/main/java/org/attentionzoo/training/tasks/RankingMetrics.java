package org.attentionzoo.training.tasks;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Means over questions with one right answer each, whose place in the ranking is all that counts
 * (from 0): HR@k is 1 if place &lt; k; NDCG@k is 1 / log2(place + 2) if place &lt; k, since the
 * ideal gain is 1; MRR is 1 / (place + 1). Ties are broken at random: the figures are the expected
 * ones, so that a model which scores everything alike gets what guessing gets.
 *
 * <p>For one thread.
 */
public final class RankingMetrics {

  private static final int[] HIT_CUTS = {1, 5, 10};
  private static final int[] GAIN_CUTS = {5, 10};

  private final double[] hits = new double[HIT_CUTS.length];
  private final double[] gains = new double[GAIN_CUTS.length];
  private double reciprocals;
  private long questions;

  /**
   * Adds a question.
   *
   * @param better how many others score higher than the answer
   * @param equal how many others score the same
   */
  public void add(long better, long equal) {
    double places = equal + 1.0;
    for (int i = 0; i < hits.length; i++) {
      hits[i] += Math.max(0, Math.min(places, HIT_CUTS[i] - (double) better)) / places;
    }
    for (int i = 0; i < gains.length; i++) {
      for (long place = better; place <= better + equal && place < GAIN_CUTS[i]; place++) {
        gains[i] += Math.log(2) / Math.log(place + 2.0) / places;
      }
    }
    for (long place = better; place <= better + equal; place++) {
      reciprocals += 1 / (place + 1.0) / places;
    }
    questions++;
  }

  /**
   * How many questions were added.
   *
   * @return the number
   */
  public long questions() {
    return questions;
  }

  /**
   * The means.
   *
   * @return {@code hr@1}, {@code hr@5}, {@code hr@10}, {@code ndcg@5}, {@code ndcg@10}, {@code
   *     mrr}; 0 if there was no question
   */
  public Map<String, Double> means() {
    double count = Math.max(1, questions);
    Map<String, Double> means = new LinkedHashMap<>();
    for (int i = 0; i < hits.length; i++) {
      means.put("hr@" + HIT_CUTS[i], hits[i] / count);
    }
    for (int i = 0; i < gains.length; i++) {
      means.put("ndcg@" + GAIN_CUTS[i], gains[i] / count);
    }
    means.put("mrr", reciprocals / count);
    return means;
  }
}
