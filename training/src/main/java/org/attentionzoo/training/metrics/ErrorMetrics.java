package org.attentionzoo.training.metrics;

/** The mean squared and the mean absolute error of values. For one thread. */
public final class ErrorMetrics {

  private double squares;
  private double absolutes;
  private long values;

  /**
   * Adds a value.
   *
   * @param prediction what was predicted
   * @param target what it is
   */
  public void add(double prediction, double target) {
    double error = prediction - target;
    squares += error * error;
    absolutes += Math.abs(error);
    values++;
  }

  /**
   * The mean squared error.
   *
   * @return at least 0
   * @throws IllegalStateException if there was no value
   */
  public double meanSquaredError() {
    return mean(squares);
  }

  /**
   * The mean absolute error.
   *
   * @return at least 0
   * @throws IllegalStateException if there was no value
   */
  public double meanAbsoluteError() {
    return mean(absolutes);
  }

  private double mean(double sum) {
    if (values == 0) {
      throw new IllegalStateException("the error of no values is not defined: none was added");
    }
    return sum / values;
  }
}
