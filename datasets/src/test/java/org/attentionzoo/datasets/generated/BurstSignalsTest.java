package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.BurstSignals.Options;
import org.junit.jupiter.api.Test;

class BurstSignalsTest {

  private static Options quiet(int classes, int burst) {
    return new Options(32, 128, 257, classes, burst, 0, 0, 40, 3);
  }

  /** Without noise and drift all is in the middle but the burst, whose turns are the class. */
  @Test
  void theBurstAloneTellsTheClassAndIsAnywhere() {
    int burst = 32;
    Set<Integer> starts = new HashSet<>();
    int[] counts = new int[3];
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 20; step++) {
        Batch batch = new BurstSignals(quiet(3, burst)).training(manager, 7, step);
        assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(32, 128));
        long[] levels = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 32; row++) {
          int first = -1;
          int last = -1;
          int crossings = 0;
          long side = 0;
          for (int t = 0; t < 128; t++) {
            long x = levels[row * 128 + t] - 128;
            if (x != 0) {
              first = first < 0 ? t : first;
              last = t;
              crossings += side != 0 && Long.signum(x) != side ? 1 : 0;
              side = Long.signum(x);
            }
          }
          assertThat(last - first).isLessThan(burst);
          // A turn crosses the middle twice; where the burst begins decides about one of them.
          assertThat((double) crossings).isBetween(2.0 * labels[row] + 1, 2.0 * labels[row] + 2);
          starts.add(first);
          counts[(int) labels[row]]++;
        }
      }
    }
    assertThat(starts).hasSizeGreaterThan(80);
    for (int count : counts) {
      assertThat(count).isBetween(160, 270);
    }
  }

  @Test
  void noiseAndDriftCoverTheBurst() {
    try (NDManager manager = NDManager.newBaseManager()) {
      BurstSignals source = new BurstSignals(Options.standard());
      Batch batch = source.training(manager, 7, 0);
      long[] levels = batch.inputs().head().toLongArray();
      for (long level : levels) {
        assertThat(level).isBetween(0L, 255L);
      }
      assertThat(Set.of(levels[0], levels[128], levels[256], levels[384])).hasSizeGreaterThan(2);
      assertThat(source.training(manager, 7, 0).inputs().head()).isEqualTo(batch.inputs().head());
      assertThat(source.training(manager, 8, 0).inputs().head())
          .isNotEqualTo(batch.inputs().head());
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            quiet(4, 7),
            quiet(1, 16),
            quiet(4, 129),
            new Options(32, 128, 256, 4, 16, -1, 0.2, 40, 3),
            new Options(32, 128, 256, 4, 16, 0.5, Double.NaN, 40, 3))) {
      assertThatThrownBy(() -> new BurstSignals(wrong)).isInstanceOf(UserException.class);
    }
  }
}
