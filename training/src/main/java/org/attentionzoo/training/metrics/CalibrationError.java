package org.attentionzoo.training.metrics;

/**
 * The expected calibration error (Naeini et al. 2015; Guo et al. 2017, equation 5): cases are put
 * into bins of equal width by the confidence of their prediction, (0, 1/M], (1/M, 2/M], ...; the
 * sum over bins of the share of cases in it times the difference between its accuracy and its mean
 * confidence. For one thread.
 */
public final class CalibrationError {

  /** The number of bins that Guo et al. use. */
  public static final int USUAL_BINS = 15;

  private final long[] cases;
  private final long[] hits;
  private final double[] confidence;

  /**
   * A metric without cases.
   *
   * @param bins M
   */
  public CalibrationError(int bins) {
    cases = new long[bins];
    hits = new long[bins];
    confidence = new double[bins];
  }

  /**
   * Adds a case.
   *
   * @param probability that the prediction was given, from 0 to 1
   * @param hit whether the prediction was right
   */
  public void add(double probability, boolean hit) {
    // What softmax gives may be above 1 by rounding.
    if (!(probability >= 0 && probability <= 1 + 1e-6)) {
      throw new IllegalArgumentException(
          "a probability of " + probability + "; expected one from 0 to 1");
    }
    int bin = (int) Math.ceil(probability * cases.length) - 1;
    bin = Math.max(0, Math.min(cases.length - 1, bin));
    cases[bin]++;
    hits[bin] += hit ? 1 : 0;
    confidence[bin] += probability;
  }

  /**
   * The error.
   *
   * @return from 0 to 1
   * @throws IllegalStateException if there was no case
   */
  public double value() {
    long all = 0;
    double sum = 0;
    for (int bin = 0; bin < cases.length; bin++) {
      all += cases[bin];
      sum += Math.abs(hits[bin] - confidence[bin]);
    }
    if (all == 0) {
      throw new IllegalStateException(
          "the calibration error of no cases is not defined: none was added");
    }
    return sum / all;
  }
}
