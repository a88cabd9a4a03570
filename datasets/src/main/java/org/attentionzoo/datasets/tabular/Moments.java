package org.attentionzoo.datasets.tabular;

/**
 * What makes a column of mean 0 and deviation 1.
 *
 * @param mean what is taken off
 * @param deviation what it is then divided by, above 0
 */
public record Moments(double mean, double deviation) {

  /** Leaves numbers as they are. */
  public static final Moments NONE = new Moments(0, 1);

  private static final double LEAST_DEVIATION = 1e-8;

  /**
   * Those of a column.
   *
   * @param values its numbers in the rows that count, at least one
   * @return the mean, and the deviation of the rows themselves; 1 if they are all the same
   */
  public static Moments of(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    double mean = sum / values.length;
    double squares = 0;
    for (float value : values) {
      double difference = value - mean;
      squares += difference * difference;
    }
    double deviation = Math.sqrt(squares / values.length);
    return new Moments(mean, deviation < LEAST_DEVIATION ? 1 : deviation);
  }

  /**
   * A number on the scale of a model.
   *
   * @param value the number in the column's own units
   * @return how many deviations it is above the mean
   */
  public float standardise(double value) {
    return (float) ((value - mean) / deviation);
  }

  /**
   * A model's number in the column's own units.
   *
   * @param value how many deviations it is above the mean
   * @return the number
   */
  public double restore(double value) {
    return value * deviation + mean;
  }
}
