package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;

/**
 * Cross-entropy in nats of logits (B, K) against labels (B) int64, with label smoothing: the target
 * is 1 - s + s / K at the label and s / K elsewhere (Szegedy et al., "Rethinking the Inception
 * Architecture for Computer Vision", 2016, section 7). Metrics: {@code accuracy}, and {@code
 * top_5_accuracy}, the share of labels among the five largest logits, where K is above 5. An
 * evaluation tells also what {@link org.attentionzoo.training.metrics.ClassificationMetrics} does.
 *
 * <p>Stateless; safe for use by several threads.
 *
 * @param smoothing s, from 0 to below 1
 */
public record ClassificationObjective(double smoothing) implements Objective {

  private static final int TOP = 5;

  /** Checks the value. */
  public ClassificationObjective {
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new org.attentionzoo.blocks.UserException(
          "task.labelSmoothing=" + smoothing + " was given; it must be from 0 to below 1");
    }
  }

  /** {@inheritDoc} */
  @Override
  public Outcome evaluate(NDList outputs, Batch batch) {
    NDArray logits = outputs.head();
    NDArray labels = batch.labels().head();
    if (logits.getShape().dimension() != 2
        || logits.getShape().get(0) != labels.getShape().get(0)) {
      throw Objective.mismatch(logits, labels);
    }
    NDArray column = labels.expandDims(-1);
    NDArray logarithms = logits.logSoftmax(-1);
    NDArray loss = logarithms.gather(column, -1).mean().neg();
    if (smoothing > 0) {
      NDArray even = logarithms.mean().neg();
      loss = Arithmetic.times(loss, 1 - smoothing).add(Arithmetic.times(even, smoothing));
    }
    Map<String, NDArray> metrics = new LinkedHashMap<>();
    NDArray fixed = logits.stopGradient();
    metrics.put("accuracy", share(fixed.argMax(-1).eq(labels)));
    if (logits.getShape().get(1) > TOP) {
      NDArray best = fixed.topK(TOP, -1, true, true).get(1);
      metrics.put(
          "top_5_accuracy",
          share(best.eq(column).toType(DataType.INT64, false).sum(new int[] {1})));
    }
    return new Outcome(loss, labels.getShape().get(0), metrics);
  }

  @Override
  public Meter meter() {
    return new ClassificationMeter();
  }

  private static NDArray share(NDArray hits) {
    return hits.toType(DataType.FLOAT32, false).mean();
  }
}
