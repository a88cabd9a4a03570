package org.attentionzoo.training.metrics;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is said of a classifier: accuracy, {@link MacroF1}, log loss (the mean negative logarithm of
 * the label's probability, in nats), {@link CalibrationError} with 15 bins and, of two classes, the
 * {@link AreaUnderCurve} of class 1. The prediction is the first of the most probable classes. For
 * one thread.
 */
public final class ClassificationMetrics {

  private static final int BINARY = 2;

  private final int classes;
  private final Share accuracy = new Share();
  private final MacroF1 f1;
  private final Likelihood likelihood = new Likelihood();
  private final CalibrationError calibration = new CalibrationError(CalibrationError.USUAL_BINS);
  private final AreaUnderCurve area = new AreaUnderCurve();
  private boolean broken;

  /**
   * Metrics without cases.
   *
   * @param classes how many classes there are, at least 1
   */
  public ClassificationMetrics(int classes) {
    this.classes = classes;
    f1 = new MacroF1(classes);
  }

  /**
   * Adds a case.
   *
   * @param logits one a class: the logarithms of the probabilities up to a constant
   * @param label the class that it is
   */
  public void add(double[] logits, int label) {
    if (logits.length != classes || label < 0 || label >= classes) {
      throw new IllegalArgumentException(
          logits.length + " logits and the label " + label + " are not of " + classes + " classes");
    }
    for (double logit : logits) {
      if (Double.isNaN(logit) || logit == Double.POSITIVE_INFINITY) {
        broken = true;
        return;
      }
    }
    int prediction = 0;
    for (int c = 1; c < classes; c++) {
      prediction = logits[c] > logits[prediction] ? c : prediction;
    }
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit - logits[prediction]);
    }
    accuracy.add(prediction == label);
    f1.add(prediction, label);
    likelihood.add(Math.log(sum) + logits[prediction] - logits[label], 1);
    calibration.add(1 / sum, prediction == label);
    if (classes == BINARY) {
      area.add(logits[1] - logits[0], label == 1);
    }
  }

  /**
   * The figures.
   *
   * @return {@code accuracy}, {@code macro_f1}, {@code log_loss}, {@code calibration_error} and, of
   *     two classes that both occur, {@code auc}; all NaN if a logit was NaN or infinitely large
   * @throws IllegalStateException if there was no case
   */
  public Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    if (broken) {
      for (String name : List.of("accuracy", "macro_f1", "log_loss", "calibration_error")) {
        figures.put(name, Double.NaN);
      }
      return figures;
    }
    figures.put("accuracy", accuracy.value());
    figures.put("macro_f1", f1.value());
    figures.put("log_loss", likelihood.crossEntropy());
    figures.put("calibration_error", calibration.value());
    if (area.isDefined()) {
      figures.put("auc", area.value());
    }
    return figures;
  }
}
