package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.ChannelCorruption.Options;
import org.junit.jupiter.api.Test;

class ChannelCorruptionTest {

  /** 200 images of 10 channels of 8 x 8. */
  private static Options options(int corrupted, double noise, double signal) {
    return new Options(200, 10, 8, 3, corrupted, 4, 4, noise, signal, 250, 0);
  }

  private static float[] inputs(Batch batch) {
    return batch.inputs().head().toFloatArray();
  }

  @Test
  void aRunOfNeighbouringChannelsIsSpoiled() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new ChannelCorruption(options(3, 1, 0.5)).training(manager, 1, 0);
      float[] x = inputs(batch);
      int[] starts = new int[8];
      double squares = 0;
      for (int row = 0; row < 200; row++) {
        StringBuilder spoiled = new StringBuilder();
        for (int c = 0; c < 10; c++) {
          double mean = 0;
          for (int i = 0; i < 64; i++) {
            mean += x[(row * 10 + c) * 64 + i] / 64;
          }
          spoiled.append(mean > 2 ? '1' : '0');
          for (int i = 0; i < 64 && mean > 2; i++) {
            squares += Math.pow(x[(row * 10 + c) * 64 + i] - mean, 2) / (200 * 3 * 63);
          }
        }
        assertThat(spoiled).matches("0*1110*");
        starts[spoiled.indexOf("1")]++;
      }
      // Noise 4 and a signal of which half the places have variance 0.25.
      assertThat(Math.sqrt(squares)).isCloseTo(4, within(0.1));
      // 25 are expected at each of 8 places.
      assertThat(Arrays.stream(starts).boxed()).allMatch(count -> count > 8 && count < 50);
    }
  }

  @Test
  void targetsAreOneLinearMapOfTheAmplitudes() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Options options = options(0, 0, 1);
      ChannelCorruption source = new ChannelCorruption(options);
      Batch batch = source.training(manager, 1, 0);
      float[] x = inputs(batch);
      float[] y = batch.labels().head().toFloatArray();
      double[][] rows = new double[13][];
      for (int row = 0; row < 13; row++) {
        rows[row] = new double[10];
        for (int c = 0; c < 10; c++) {
          int at = (row * 10 + c) * 64;
          rows[row][c] = x[at];
          assertThat(x[at + 1]).isZero();
          assertThat(x[at + 9]).isEqualTo(x[at]);
        }
      }
      double variance = 0;
      for (int output = 0; output < 3; output++) {
        double[] map = solve(rows, y, output);
        for (int row = 10; row < 13; row++) {
          double expected = 0;
          for (int c = 0; c < 10; c++) {
            expected += map[c] * rows[row][c];
          }
          assertThat((double) y[row * 3 + output]).isCloseTo(expected, within(1e-3));
        }
        for (double m : map) {
          variance += m * m / 3;
        }
      }
      assertThat(source.targetVariance()).isCloseTo(variance, within(1e-3));
    }
  }

  /** The map that explains the first ten rows, by elimination. */
  private static double[] solve(double[][] rows, float[] y, int output) {
    double[][] a = new double[10][11];
    for (int i = 0; i < 10; i++) {
      System.arraycopy(rows[i], 0, a[i], 0, 10);
      a[i][10] = y[i * 3 + output];
    }
    for (int p = 0; p < 10; p++) {
      int best = p;
      for (int i = p + 1; i < 10; i++) {
        best = Math.abs(a[i][p]) > Math.abs(a[best][p]) ? i : best;
      }
      double[] swapped = a[p];
      a[p] = a[best];
      a[best] = swapped;
      for (int i = 0; i < 10; i++) {
        double factor = i == p ? 0 : a[i][p] / a[p][p];
        for (int j = p; j < 11 && i != p; j++) {
          a[i][j] -= factor * a[p][j];
        }
      }
    }
    double[] map = new double[10];
    for (int i = 0; i < 10; i++) {
      map[i] = a[i][10] / a[i][i];
    }
    return map;
  }

  @Test
  void batchesAreFunctionsOfSeedAndStep() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ChannelCorruption source = new ChannelCorruption(options(3, 1, 0.5));
      float[] third = inputs(source.training(manager, 4, 3));
      assertThat(inputs(new ChannelCorruption(options(3, 1, 0.5)).training(manager, 4, 3)))
          .isEqualTo(third);
      assertThat(inputs(source.training(manager, 4, 2))).isNotEqualTo(third);
      assertThat(inputs(source.training(manager, 5, 3))).isNotEqualTo(third);
      assertThat(source.validationBatches()).isEqualTo(2);
      Batch last = source.validation(manager, 1);
      assertThat(last.ids()).hasSize(50).startsWith(200);
      // A run whose seed is the validation's does not train on it.
      assertThat(inputs(source.validation(manager, 0)))
          .isNotEqualTo(inputs(source.training(manager, 0, 0)));
    }
  }

  @Test
  void refusesMoreSpoiledChannelsThanThereAre() {
    assertThatThrownBy(() -> new ChannelCorruption(options(11, 1, 1)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("corrupted=11");
  }
}
