package org.attentionzoo.training.metrics;

/**
 * The mean over classes of F1 = 2 TP / (2 TP + FP + FN). Classes that were neither a label nor a
 * prediction do not count; one that was never rightly predicted counts 0. For one thread.
 */
public final class MacroF1 {

  private final long[] right;
  private final long[] predicted;
  private final long[] labels;

  /**
   * A metric without cases.
   *
   * @param classes how many classes there are
   */
  public MacroF1(int classes) {
    right = new long[classes];
    predicted = new long[classes];
    labels = new long[classes];
  }

  /**
   * Adds a case.
   *
   * @param prediction the class that was predicted
   * @param label the class that it is
   */
  public void add(int prediction, int label) {
    predicted[prediction]++;
    labels[label]++;
    right[label] += prediction == label ? 1 : 0;
  }

  /**
   * The mean.
   *
   * @return from 0 to 1
   * @throws IllegalStateException if there was no case
   */
  public double value() {
    double sum = 0;
    int seen = 0;
    for (int c = 0; c < labels.length; c++) {
      long both = predicted[c] + labels[c];
      if (both > 0) {
        sum += 2.0 * right[c] / both;
        seen++;
      }
    }
    if (seen == 0) {
      throw new IllegalStateException("the macro F1 of no cases is not defined: none was added");
    }
    return sum / seen;
  }
}
