package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.MultiQueryRecall.Options;
import org.junit.jupiter.api.Test;

class MultiQueryRecallTest {

  private static final int KEYS_FROM = 1;

  private static Options options(int length, int pairs, int vocabulary, boolean random) {
    return new Options(16, length, pairs, vocabulary, 0.01, random, List.of(), 40, 3);
  }

  @Test
  void everyKeyComesAgainAtAnEvenPlaceAndItsValueIsTheLabel() {
    Options o = options(64, 8, 101, true);
    boolean[] seen = new boolean[o.vocabulary()];
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 40; step++) {
        Batch batch = new MultiQueryRecall(o).training(manager, 5, step);
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 16; row++) {
          int offset = row * 64;
          Map<Long, Long> pairs = new HashMap<>();
          for (int i = 0; i < 16; i += 2) {
            assertThat(tokens[offset + i]).isBetween((long) KEYS_FROM, 49L);
            assertThat(tokens[offset + i + 1]).isBetween(50L, 100L);
            assertThat(labels[offset + i]).isEqualTo(-1);
            assertThat(labels[offset + i + 1]).isEqualTo(-1);
            pairs.put(tokens[offset + i], tokens[offset + i + 1]);
          }
          assertThat(pairs).hasSize(8);
          assertThat(Set.copyOf(pairs.values())).hasSize(8);
          Set<Long> asked = new HashSet<>();
          for (int i = 16; i < 64; i++) {
            if (labels[offset + i] != -1) {
              assertThat(i % 2).isZero();
              assertThat(labels[offset + i]).isEqualTo(pairs.get(tokens[offset + i]));
              asked.add(tokens[offset + i]);
            } else {
              seen[(int) tokens[offset + i]] = true;
            }
          }
          assertThat(asked).isEqualTo(pairs.keySet());
        }
      }
    }
    assertThat(seen).as("filler is any token").doesNotContain(false);
  }

  @Test
  void withoutRandomFillerWhatIsNoQueryIsZero() {
    Options o = options(32, 2, 16, false);
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new MultiQueryRecall(o).training(manager, 5, 0);
      long[] tokens = batch.inputs().head().toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      for (int i = 0; i < tokens.length; i++) {
        assertThat(tokens[i] == 0).isEqualTo(i % 32 >= 4 && labels[i] == -1);
      }
    }
  }

  /**
   * Against numbers computed by another way: the chance of each gap being the first is its share of
   * the weights; that of the second follows from those left.
   */
  @Test
  void gapsFollowThePowerLawWithoutReplacement() {
    int space = 24;
    int draws = 60_000;
    double[] weight = new double[space];
    double total = 0;
    for (int g = 0; g < space; g++) {
      weight[g] = 0.01 * Math.pow(g + 1, 0.01 - 1);
      total += weight[g];
    }
    double[] second = new double[space];
    for (int a = 0; a < space; a++) {
      for (int b = 0; b < space; b++) {
        if (a != b) {
          second[b] += weight[a] / total * weight[b] / (total - weight[a]);
        }
      }
    }
    int[] first = new int[space];
    int[] next = new int[space];
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < draws; i++) {
      int[] gaps = MultiQueryRecall.gaps(random, space, 4, 0.01);
      assertThat(gaps).doesNotHaveDuplicates();
      first[gaps[0]]++;
      next[gaps[1]]++;
    }
    double chiOfFirst = 0;
    double chiOfSecond = 0;
    for (int g = 0; g < space; g++) {
      double expected = draws * weight[g] / total;
      chiOfFirst += Math.pow(first[g] - expected, 2) / expected;
      chiOfSecond += Math.pow(next[g] - draws * second[g], 2) / (draws * second[g]);
    }
    // The 0.999 quantile of chi squared with 23 degrees of freedom.
    assertThat(chiOfFirst).isLessThan(49.73);
    assertThat(chiOfSecond).isLessThan(49.73);
  }

  @Test
  void theFirstPairsGapHasTheMeanOfThePublishedGenerator() {
    // Weights (g + 1)^-0.99 over the 28 gaps of 64 tokens with 4 pairs.
    double total = 0;
    double mean = 0;
    double square = 0;
    for (int g = 0; g < 28; g++) {
      double w = Math.pow(g + 1, -0.99);
      total += w;
      mean += w * g;
      square += w * g * g;
    }
    mean /= total;
    double deviation = Math.sqrt(square / total - mean * mean);
    Options o = new Options(64, 64, 4, 128, 0.01, true, List.of(), 40, 3);
    int count = 0;
    double sum = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 60; step++) {
        Batch batch = new MultiQueryRecall(o).training(manager, 5, step);
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 64; row++) {
          for (int i = 8; i < 64; i++) {
            int at = row * 64 + i;
            if (labels[at] == tokens[row * 64 + 1]) {
              sum += (i - 8) / 2.0;
              count++;
            }
          }
        }
      }
    }
    assertThat(count).isEqualTo(60 * 64);
    assertThat(sum / count).isCloseTo(mean, within(3.3 * deviation / Math.sqrt(count)));
  }

  @Test
  void validationHasEveryLengthAndNoExampleTwice() {
    Options o = new Options(16, 32, 4, 64, 0.01, true, List.of(32, 64), 20, 3);
    MultiQueryRecall source = new MultiQueryRecall(o);
    assertThat(source.validationBatches()).isEqualTo(4);
    Set<Long> ids = new HashSet<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int i = 0; i < 4; i++) {
        Batch batch = source.validation(manager, i);
        assertThat(batch.inputs().head().getShape())
            .isEqualTo(new Shape(i % 2 == 0 ? 16 : 4, i < 2 ? 32 : 64));
        assertThat(batch.ids()).hasSize(i % 2 == 0 ? 16 : 4);
        for (long id : batch.ids()) {
          assertThat(ids.add(id)).isTrue();
        }
      }
      assertThatThrownBy(() -> source.validation(manager, 4))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            options(63, 4, 64, true),
            options(64, 17, 64, true),
            options(64, 8, 17, true),
            options(0, 8, 64, true),
            new Options(16, 64, 8, 64, Double.NaN, true, List.of(), 40, 3),
            new Options(16, 64, 8, 64, 0.01, true, List.of(64, 30), 40, 3),
            new Options(16, 64, 8, 64, 0.01, true, List.of(), 0, 3))) {
      assertThatThrownBy(() -> new MultiQueryRecall(wrong)).isInstanceOf(UserException.class);
    }
  }
}
