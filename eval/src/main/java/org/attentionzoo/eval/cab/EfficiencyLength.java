package org.attentionzoo.eval.cab;

import java.util.Arrays;

/**
 * From which length on an efficient attention costs less than plain attention (CAB, Zhang et al.
 * 2022, section 4.4): the costs of plain attention are fitted by a n^2 + b n + c, those of the
 * other by d n + e, both by least squares, and the length is where the two meet,
 *
 * <pre>
 *   n = (-(b - d) + sqrt((b - d)^2 - 4 a (c - e))) / (2 a)
 * </pre>
 *
 * <p>As the official script does, the efficient attention's time at the shortest length, which
 * tells of overheads, may be left out of its fit.
 */
public final class EfficiencyLength {

  /** The lengths at which CAB measures. */
  private static final double[] LENGTHS = {256, 512, 1024, 2048, 4096, 8192};

  private EfficiencyLength() {}

  /**
   * CAB's lengths.
   *
   * @return 256 to 8192, doubling
   */
  public static double[] lengths() {
    return LENGTHS.clone();
  }

  /**
   * The length from which on the efficient attention costs less.
   *
   * @param lengths at which both were measured, rising; at least 3
   * @param plain the costs of plain attention
   * @param efficient the costs of the other
   * @param skipFirst whether the other's first cost is left out
   * @return the length; NaN if the fits do not meet
   */
  public static double of(double[] lengths, double[] plain, double[] efficient, boolean skipFirst) {
    if (lengths.length < 3 || plain.length != lengths.length || efficient.length != plain.length) {
      throw new IllegalArgumentException(
          lengths.length
              + " lengths, "
              + plain.length
              + " and "
              + efficient.length
              + " costs; expected as many of each, at least 3");
    }
    double[] quadratic = fit(lengths, plain, 2);
    int from = skipFirst ? 1 : 0;
    double[] linear =
        fit(
            Arrays.copyOfRange(lengths, from, lengths.length),
            Arrays.copyOfRange(efficient, from, efficient.length),
            1);
    double a = quadratic[2];
    double slope = quadratic[1] - linear[1];
    double offset = quadratic[0] - linear[0];
    return (-slope + Math.sqrt(slope * slope - 4 * a * offset)) / (2 * a);
  }

  /** The coefficients of the least-squares polynomial, the constant first. */
  static double[] fit(double[] x, double[] y, int degree) {
    int size = degree + 1;
    double scale = x[x.length - 1]; // powers of large lengths would lose digits
    double[][] rows = new double[size][size + 1];
    for (int i = 0; i < x.length; i++) {
      double place = x[i] / scale;
      for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
          rows[row][column] += Math.pow(place, row + column);
        }
        rows[row][size] += y[i] * Math.pow(place, row);
      }
    }
    for (int pivot = 0; pivot < size; pivot++) {
      for (int row = 0; row < size; row++) {
        if (row != pivot) {
          double factor = rows[row][pivot] / rows[pivot][pivot];
          for (int column = pivot; column <= size; column++) {
            rows[row][column] -= factor * rows[pivot][column];
          }
        }
      }
    }
    double[] coefficients = new double[size];
    for (int i = 0; i < size; i++) {
      coefficients[i] = rows[i][size] / rows[i][i] / Math.pow(scale, i);
    }
    return coefficients;
  }
}
