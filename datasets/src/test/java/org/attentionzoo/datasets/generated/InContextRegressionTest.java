package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.InContextRegression.Options;
import org.junit.jupiter.api.Test;

class InContextRegressionTest {

  private static final int D = 5;

  /** Solves a small positive definite system by elimination. */
  private static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        double f = a[j][i] / a[i][i];
        for (int k = i; k < n; k++) {
          a[j][k] -= f * a[i][k];
        }
        b[j] -= f * b[i];
      }
    }
    double[] x = new double[n];
    for (int i = n - 1; i >= 0; i--) {
      double sum = b[i];
      for (int k = i + 1; k < n; k++) {
        sum -= a[i][k] * x[k];
      }
      x[i] = sum / a[i][i];
    }
    return x;
  }

  /** The mean squared error of ridge regression on the shown points, and of always saying 0. */
  private static double[] errors(Options o, int steps) {
    double ridge = 0;
    double zero = 0;
    int rows = 0;
    int points = o.examples();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < steps; step++) {
        Batch batch = new InContextRegression(o).training(manager, 8, step);
        float[] z = batch.inputs().head().toFloatArray();
        float[] y = batch.labels().head().toFloatArray();
        for (int row = 0; row < y.length; row++, rows++) {
          int at = row * (points + 1) * (D + 1);
          double[][] a = new double[D][D];
          double[] b = new double[D];
          for (int i = 0; i < D; i++) {
            a[i][i] = o.noise() * D;
          }
          for (int l = 0; l < points; l++) {
            int p = at + l * (D + 1);
            for (int i = 0; i < D; i++) {
              for (int j = 0; j < D; j++) {
                a[i][j] += z[p + i] * z[p + j];
              }
              b[i] += z[p + i] * z[p + D];
            }
          }
          double[] w = solve(a, b);
          int q = at + points * (D + 1);
          assertThat(z[q + D]).isZero();
          double prediction = 0;
          for (int i = 0; i < D; i++) {
            prediction += w[i] * z[q + i];
          }
          ridge += Math.pow(prediction - y[row], 2);
          zero += y[row] * y[row];
        }
      }
    }
    return new double[] {ridge / rows, zero / rows};
  }

  @Test
  void ridgeRegressionHasTheKnownError() {
    // The best predictor's error at L = 40, noise 0.1: 0.116; always 0: 1 + noise.
    double[] errors = errors(Options.standard(), 60);
    assertThat(errors[0]).isCloseTo(0.116, within(0.005));
    assertThat(errors[1]).isCloseTo(1.1, within(0.06));
  }

  @Test
  void neighboursAreCorrelatedAsAsked() {
    Options o = new Options(256, D, 40, 0.1, 0.5, 64, 1);
    double near = 0;
    double far = 0;
    double square = 0;
    int count = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] z = new InContextRegression(o).training(manager, 8, 0).inputs().head().toFloatArray();
      for (int p = 0; p < z.length; p += D + 1) {
        near += z[p + 2] * z[p + 3];
        far += z[p + 1] * z[p + 3];
        square += z[p + 4] * z[p + 4];
        count++;
      }
    }
    assertThat(square / count).isCloseTo(1, within(0.05));
    assertThat(near / count).isCloseTo(0.5, within(0.04));
    assertThat(far / count).isCloseTo(0.25, within(0.04));
  }

  @Test
  void hasShapesAndRefusesNonsense() {
    InContextRegression source = new InContextRegression(new Options(8, 3, 4, 0, 0, 9, 1));
    assertThat(source.features()).isEqualTo(20);
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(source.validation(manager, 1).inputs().head().getShape())
          .isEqualTo(new Shape(1, 20));
      assertThat(source.training(manager, 1, 0).labels().head().getShape())
          .isEqualTo(new Shape(8, 1));
    }
    for (Options wrong :
        List.of(
            new Options(8, 0, 4, 0, 0, 9, 1),
            new Options(8, 3, 0, 0, 0, 9, 1),
            new Options(8, 3, 4, -1, 0, 9, 1),
            new Options(8, 3, 4, 0, 1, 9, 1),
            new Options(1 << 20, 4096, 1 << 16, 0, 0, 9, 1))) {
      assertThatThrownBy(() -> new InContextRegression(wrong)).isInstanceOf(UserException.class);
    }
  }
}
