package org.attentionzoo.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.attentionzoo.datasets.series.ForecastWindows;

/**
 * Forecasts without a trained model, on the same windows: the last value goes on; the last day goes
 * on (24 rows); and ridge regression in closed form from the values less the last one, the same for
 * all series, as NLinear's (Zeng et al. 2022).
 *
 * <p>Thread safety: stateless.
 */
public final class ForecastBaselines {

  private static final int DAY = 24;

  /** In relation to the mean of the normal matrix' diagonal. */
  private static final double[] PENALTIES = {1e-4, 1e-2, 1};

  private ForecastBaselines() {}

  /**
   * One baseline.
   *
   * @param name what it is called
   * @param meanSquaredError over all evaluated windows, rows and series
   * @param meanAbsoluteError likewise
   * @param explanation how it forecasts
   */
  public record Baseline(
      String name, double meanSquaredError, double meanAbsoluteError, String explanation) {}

  /**
   * Measures the baselines.
   *
   * @param windows the task's windows
   * @return the baselines
   */
  public static List<Baseline> of(ForecastWindows windows) {
    int window = windows.options().window();
    List<Baseline> found = new ArrayList<>();
    found.add(
        measure(windows, "last value", "the last value goes on", (seen, out) -> fill(seen, out)));
    if (window >= DAY) {
      found.add(
          measure(
              windows,
              "last day",
              "the last 24 rows are repeated",
              (seen, out) -> {
                for (int i = 0; i < out.length; i++) {
                  out[i] = seen[window - DAY + i % DAY];
                }
              }));
    }
    Equations equations = equations(windows);
    for (double penalty : PENALTIES) {
      double[][] weights = ridge(equations, penalty);
      found.add(
          measure(
              windows,
              String.format(Locale.ROOT, "ridge %.0e", penalty),
              "linear in the values less the last one, in closed form",
              (seen, out) -> apply(weights, seen, out)));
    }
    return found;
  }

  /** Forecasts one series. */
  private interface Forecast {
    void of(double[] seen, double[] out);
  }

  private static void fill(double[] seen, double[] out) {
    Arrays.fill(out, seen[seen.length - 1]);
  }

  private static void apply(double[][] weights, double[] seen, double[] out) {
    int window = seen.length;
    double last = seen[window - 1];
    for (int h = 0; h < out.length; h++) {
      double[] row = weights[h];
      double sum = row[window - 1]; // the place of the last value, which is 0, holds the constant
      for (int i = 0; i < window - 1; i++) {
        sum += row[i] * (seen[i] - last);
      }
      out[h] = sum + last;
    }
  }

  private static Baseline measure(
      ForecastWindows windows, String name, String explanation, Forecast forecast) {
    int window = windows.options().window();
    int horizon = windows.options().horizon();
    int channels = windows.channels().size();
    double[] seen = new double[window];
    double[] out = new double[horizon];
    double squares = 0;
    double absolute = 0;
    for (int w = 0; w < windows.evaluationWindows(); w++) {
      int start = windows.firstEvaluated() + w;
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < window; i++) {
          seen[i] = windows.value(start + i, c);
        }
        forecast.of(seen, out);
        for (int h = 0; h < horizon; h++) {
          double error = out[h] - windows.value(start + window + h, c);
          squares += error * error;
          absolute += Math.abs(error);
        }
      }
    }
    double count = (double) windows.evaluationWindows() * channels * horizon;
    return new Baseline(name, squares / count, absolute / count, explanation);
  }

  /** The normal equations of least squares. */
  private record Equations(double[][] normal, double[][] right) {}

  /** Of the differences to the last value; the last place is the constant. */
  private static Equations equations(ForecastWindows windows) {
    int n = windows.options().window();
    int horizon = windows.options().horizon();
    double[][] normal = new double[n][n];
    double[][] right = new double[n][horizon];
    double[] x = new double[n];
    double[] y = new double[horizon];
    for (int start = 0; start < windows.trainingWindows(); start++) {
      for (int c = 0; c < windows.channels().size(); c++) {
        double last = windows.value(start + n - 1, c);
        for (int i = 0; i < n - 1; i++) {
          x[i] = windows.value(start + i, c) - last;
        }
        x[n - 1] = 1;
        for (int h = 0; h < horizon; h++) {
          y[h] = windows.value(start + n + h, c) - last;
        }
        for (int i = 0; i < n; i++) {
          double a = x[i];
          double[] row = normal[i];
          for (int j = 0; j <= i; j++) {
            row[j] += a * x[j];
          }
          double[] target = right[i];
          for (int h = 0; h < horizon; h++) {
            target[h] += a * y[h];
          }
        }
      }
    }
    return new Equations(normal, right);
  }

  /** Weights by horizon. */
  private static double[][] ridge(Equations equations, double penalty) {
    int n = equations.normal().length;
    double[][] normal = new double[n][];
    for (int i = 0; i < n; i++) {
      normal[i] = equations.normal()[i].clone();
    }
    double diagonal = 0;
    for (int i = 0; i < n - 1; i++) {
      diagonal += normal[i][i] / Math.max(1, n - 1);
    }
    for (int i = 0; i < n - 1; i++) {
      normal[i][i] += penalty * diagonal;
    }
    return solve(normal, equations.right());
  }

  /** Solves a positive definite system by Cholesky's method; gives the solution transposed. */
  private static double[][] solve(double[][] matrix, double[][] right) {
    int n = matrix.length;
    int columns = right[0].length;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = matrix[i][j];
        for (int k = 0; k < j; k++) {
          sum -= matrix[i][k] * matrix[j][k];
        }
        matrix[i][j] = i == j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[j][j];
      }
    }
    double[][] solution = new double[columns][n];
    for (int c = 0; c < columns; c++) {
      double[] v = solution[c];
      for (int i = 0; i < n; i++) {
        double sum = right[i][c];
        for (int k = 0; k < i; k++) {
          sum -= matrix[i][k] * v[k];
        }
        v[i] = sum / matrix[i][i];
      }
      for (int i = n - 1; i >= 0; i--) {
        double sum = v[i];
        for (int k = i + 1; k < n; k++) {
          sum -= matrix[k][i] * v[k];
        }
        v[i] = sum / matrix[i][i];
      }
    }
    return solution;
  }
}
