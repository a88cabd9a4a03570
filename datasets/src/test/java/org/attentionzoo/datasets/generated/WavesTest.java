package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.Waves.Options;
import org.junit.jupiter.api.Test;

class WavesTest {

  /** x_(t+1) + x_(t-1) = 2 cos(2 pi / p) x_t holds of a lone wave, also where labels begin. */
  @Test
  void labelsGoOnWhereInputsEnd() {
    Options options = new Options(8, 40, 10, 1, 8, 20, 0, 8, 0);
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new Waves(options).training(manager, 3, 0);
      float[] seen = batch.inputs().head().toFloatArray();
      float[] next = batch.labels().head().toFloatArray();
      for (int row = 0; row < 8; row++) {
        double[] x = new double[50];
        for (int t = 0; t < 50; t++) {
          x[t] = t < 40 ? seen[row * 40 + t] : next[row * 10 + t - 40];
        }
        double above = 0;
        double below = 0;
        for (int t = 1; t < 39; t++) {
          above += (x[t + 1] + x[t - 1]) * x[t];
          below += x[t] * x[t];
        }
        double factor = above / below;
        assertThat(2 * Math.PI / Math.acos(factor / 2)).isBetween(7.99, 20.01);
        for (int t = 1; t < 49; t++) {
          assertThat(x[t + 1] + x[t - 1]).isCloseTo(factor * x[t], within(1e-4));
        }
      }
    }
  }

  @Test
  void thePowerIsThatOfAllWavesAndOfTheNoise() {
    Options options = new Options(512, 64, 64, 3, 4, 16, 0.5, 8, 0);
    Waves waves = new Waves(options);
    try (NDManager manager = NDManager.newBaseManager()) {
      float power = waves.training(manager, 1, 0).labels().head().square().mean().getFloat();
      assertThat((double) power).isCloseTo(waves.errorOfZero(), within(0.1));
    }
  }

  @Test
  void periodsThatCannotBeSeenAreRefused() {
    assertThatThrownBy(() -> new Waves(new Options(1, 8, 8, 1, 2, 8, 0, 1, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("shortest=2.0, longest=8.0");
  }
}
