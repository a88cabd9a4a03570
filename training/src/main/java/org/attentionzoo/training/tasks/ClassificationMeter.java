package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.metrics.ClassificationMetrics;

/**
 * {@link ClassificationMetrics} of logits (B, K) and labels (B), but the accuracy, which the
 * objective tells.
 */
final class ClassificationMeter implements Meter {

  private ClassificationMetrics metrics;

  @Override
  public void add(NDList outputs, Batch batch, Objective.Outcome outcome) {
    NDArray logits = outputs.head().toType(DataType.FLOAT64, false);
    int classes = (int) logits.getShape().get(1);
    double[] values = logits.toDoubleArray();
    long[] labels = batch.labels().head().toLongArray();
    metrics = metrics == null ? new ClassificationMetrics(classes) : metrics;
    double[] row = new double[classes];
    for (int i = 0; i < labels.length; i++) {
      System.arraycopy(values, i * classes, row, 0, classes);
      metrics.add(row, (int) labels[i]);
    }
  }

  @Override
  public Map<String, Double> figures() {
    if (metrics == null) {
      return Map.of();
    }
    Map<String, Double> figures = new LinkedHashMap<>(metrics.figures());
    figures.remove("accuracy");
    return figures;
  }
}
