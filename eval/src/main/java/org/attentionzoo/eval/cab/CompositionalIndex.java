package org.attentionzoo.eval.cab;

import java.util.ArrayList;
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
   * The index of a pool of models.
   *
   * @param higherIsBetter the signs of the metrics of each task
   * @param pool the metrics of each model, task after task; at least two models
   * @return with the pool's means and sample deviations
   */
  public static CompositionalIndex ofPool(
      List<List<Boolean>> higherIsBetter, List<List<Double>> pool) {
    if (pool.size() < 2) {
      throw new IllegalArgumentException("a pool has at least two models, got " + pool.size());
    }
    List<List<Metric>> tasks = new ArrayList<>();
    int next = 0;
    for (List<Boolean> signs : higherIsBetter) {
      List<Metric> metrics = new ArrayList<>();
      for (boolean sign : signs) {
        int index = next++;
        double mean = pool.stream().mapToDouble(m -> m.get(index)).average().orElseThrow();
        double squares = pool.stream().mapToDouble(m -> Math.pow(m.get(index) - mean, 2)).sum();
        metrics.add(new Metric(mean, Math.sqrt(squares / (pool.size() - 1)), sign));
      }
      tasks.add(metrics);
    }
    return new CompositionalIndex(tasks);
  }

  /**
   * The official index of noncausal self attention: speech synthesis in two models, summarisation,
   * super resolution, masked language model.
   *
   * @return with the pool's published means and deviations
   */
  public static CompositionalIndex noncausalSelf() {
    return new CompositionalIndex(
        List.of(
            List.of(
                new Metric(3.4245, 0.06832, false),
                new Metric(1.97429, 0.0361768, false),
                new Metric(4.06947, 0.09422, false),
                new Metric(2.19021, 0.03866, false)),
            List.of(
                new Metric(34.88667, 1.39697, true),
                new Metric(6.79333, 1.41078, true),
                new Metric(31.96889, 1.31499, true)),
            List.of(new Metric(23.208, 0.27499, true), new Metric(0.6758, 0.01557, true)),
            List.of(new Metric(36.292, 62.30827, false))));
  }

  /**
   * The official index of noncausal cross attention: completion of point clouds, forecasts.
   *
   * @return with the pool's published means and deviations
   */
  public static CompositionalIndex noncausalCross() {
    return new CompositionalIndex(
        List.of(
            List.of(
                new Metric(7.7025, 0.64789, false),
                new Metric(0.24775, 0.03366, false),
                new Metric(0.7625, 0.03906, true)),
            List.of(
                new Metric(1.18933, 0.05615, false),
                new Metric(0.80625, 0.02193, false),
                new Metric(0.47575, 0.01057, false),
                new Metric(0.511, 0.00601, false),
                new Metric(0.62025, 0.18948, false),
                new Metric(0.58075, 0.10312, false))));
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
