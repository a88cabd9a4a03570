package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.NoisyGratings.Options;
import org.junit.jupiter.api.Test;

final class NoisyGratingsTest {

  private static final Options SMALL = new Options(5, 2, 8, 4, 4, true, 12, 3);

  @Test
  void whatRemainsWithoutTheNoiseIsAGratingOfTheLabelsAngle() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new NoisyGratings(SMALL).training(manager, 1, 7);
      float[] noisy = batch.inputs().get(0).toFloatArray();
      float[] times = batch.inputs().get(1).toFloatArray();
      long[] labels = batch.inputs().get(2).toLongArray();
      float[] noise = batch.labels().head().toFloatArray();
      assertThat(batch.inputs().get(0).getShape()).isEqualTo(new Shape(5, 2, 8, 8));
      assertThat(batch.ids()).containsExactly(35, 36, 37, 38, 39);
      for (int b = 0; b < 5; b++) {
        double kept = 1;
        for (int t = 0; t <= times[b]; t++) {
          kept *= 1 - (1e-4 + (0.02 - 1e-4) * t / 999);
        }
        double[] clean = new double[64];
        for (int i = 0; i < 64; i++) {
          int at = b * 128 + i;
          clean[i] = (noisy[at] - Math.sqrt(1 - kept) * noise[at]) / Math.sqrt(kept);
          double other = (noisy[at + 64] - Math.sqrt(1 - kept) * noise[at + 64]) / Math.sqrt(kept);
          assertThat(other).isCloseTo(clean[i], within(1e-2));
          assertThat(Math.abs(clean[i])).isLessThan(1.01);
        }
        // A grating is its own second difference along each axis, up to the angle's factor.
        double angle = Math.PI * labels[b] / 4;
        double down = 2 * Math.cos(Math.PI / 2 * Math.sin(angle));
        double right = 2 * Math.cos(Math.PI / 2 * Math.cos(angle));
        for (int i = 1; i < 7; i++) {
          for (int j = 1; j < 7; j++) {
            double here = clean[i * 8 + j];
            assertThat(clean[i * 8 + j - 1] + clean[i * 8 + j + 1])
                .isCloseTo(right * here, within(5e-2));
            assertThat(clean[i * 8 - 8 + j] + clean[i * 8 + 8 + j])
                .isCloseTo(down * here, within(5e-2));
          }
        }
      }
    }
  }

  @Test
  void unlabelledExamplesAreTheSameWithTheLabelForNone() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Options without = new Options(5, 2, 8, 4, 4, false, 12, 3);
      Batch told = new NoisyGratings(SMALL).validation(manager, 2);
      Batch untold = new NoisyGratings(without).validation(manager, 2);
      assertThat(untold.inputs().get(0)).isEqualTo(told.inputs().get(0));
      assertThat(untold.inputs().get(2).toLongArray()).containsExactly(4, 4);
      assertThat(told.inputs().get(2).toLongArray()).doesNotContain(4);
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new NoisyGratings(new Options(5, 2, 8, 0, 4, true, 12, 3)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("classes=0");
    assertThatThrownBy(() -> new NoisyGratings(new Options(5, 2, 8, 4, 0, true, 12, 3)))
        .hasMessageContaining("wavelength");
    assertThatThrownBy(() -> new NoisyGratings(new Options(1 << 16, 4096, 4096, 4, 4, true, 9, 3)))
        .hasMessageContaining("2^27");
  }
}
