package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Objective;

/**
 * The mean squared error of values against labels of the same shape, (B, ...), over all of them.
 * Metric: {@code mean_absolute_error}.
 *
 * <p>Safe for use by several threads.
 */
public final class RegressionObjective implements Objective {

  private final double unit;

  /** Values are told as they are. */
  public RegressionObjective() {
    this(1);
  }

  /**
   * Values were divided by something before, which the metric, but not the loss, takes back.
   *
   * @param unit what they were divided by
   */
  public RegressionObjective(double unit) {
    this.unit = unit;
  }

  /**
   * Judges values.
   *
   * @param outputs first the values, (B, ...)
   * @param batch first label: the wanted values, of the same shape
   * @return the loss, as weight B, and the metric
   */
  @Override
  public Outcome evaluate(NDList outputs, Batch batch) {
    NDArray values = outputs.head();
    NDArray labels = batch.labels().head();
    if (!values.getShape().equals(labels.getShape())) {
      throw Objective.mismatch(values, labels);
    }
    NDArray difference = values.sub(labels);
    NDArray error = Arithmetic.times(difference.stopGradient().abs().mean(), unit);
    return new Outcome(
        difference.square().mean(), values.getShape().get(0), Map.of("mean_absolute_error", error));
  }
}
