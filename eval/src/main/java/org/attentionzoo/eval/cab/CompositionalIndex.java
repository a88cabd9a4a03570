package org.attentionzoo.eval.cab;

import java.util.List;

/**
 * CAB's score of an attention over tasks (Zhang et al. 2022, equation 1): each metric less the mean
 * of a pool of models, over the pool's deviation, with the sign turned where lower is better; mean
 * over a task's metrics, then over tasks.
 */
public final class CompositionalIndex {

  /**
   * A metric.
   *
   * @param mean the pool's mean
   * @param deviation the pool's deviation
   * @param higherIsBetter the sign
   */
  public record Metric(double mean, double deviation, boolean higherIsBetter) {
    double score(double value) {
      double distance = (value - mean) / deviation;
      return higherIsBetter ? distance : -distance;
    }
  }

  private final List<List<Metric>> tasks;

  /**
   * An index.
   *
   * @param tasks the metrics of each task
   */
  public CompositionalIndex(List<List<Metric>> tasks) {
    this.tasks = tasks.stream().map(List::copyOf).toList();
  }

  /**
   * The official index of causal self attention: speech synthesis, summarisation, language model.
   *
   * @return with the pool's published means and deviations
   */
  public static CompositionalIndex causalSelf() {
    return new CompositionalIndex(
        List.of(
            List.of(new Metric(4.08325, 0.04529, false), new Metric(2.20085, 0.01372, false)),
            List.of(
                new Metric(32.9575, 1.92754, true),
                new Metric(6.0925, 0.41007, true),
                new Metric(30.2575, 1.61951, true)),
            List.of(new Metric(22.26, 8.29944, false))));
  }

  /**
   * The official index of causal cross attention: speech synthesis, summarisation.
   *
   * @return with the pool's published means and deviations
   */
  public static CompositionalIndex causalCross() {
    return new CompositionalIndex(
        List.of(
            List.of(new Metric(5.5037, 1.29239, false), new Metric(2.6278, 0.42726, false)),
            List.of(
                new Metric(31.35, 3.77103, true),
                new Metric(5.26, 1.26028, true),
                new Metric(28.8, 3.28638, true))));
  }

  /**
   * The index of a model.
   *
   * @param values its metrics, task after task
   * @return 0 for the mean model, more for a better one
   */
  public double of(double... values) {
    int expected = tasks.stream().mapToInt(List::size).sum();
    if (values.length != expected) {
      throw new IllegalArgumentException(values.length + " values; expected " + expected);
    }
    double sum = 0;
    int next = 0;
    for (List<Metric> task : tasks) {
      double score = 0;
      for (Metric metric : task) {
        score += metric.score(values[next++]);
      }
      sum += score / task.size();
    }
    return sum / tasks.size();
  }
}
