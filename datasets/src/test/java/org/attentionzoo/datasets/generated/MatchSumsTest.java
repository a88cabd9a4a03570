package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.MatchSums.Options;
import org.junit.jupiter.api.Test;

class MatchSumsTest {

  private record Drawn(long[] numbers, long[] labels) {
    static Drawn of(Options options) {
      try (NDManager manager = NDManager.newBaseManager()) {
        Batch batch = new MatchSums(options).training(manager, 3, 2);
        return new Drawn(batch.inputs().head().toLongArray(), batch.labels().head().toLongArray());
      }
    }

    double share() {
      double sum = 0;
      for (long label : labels) {
        sum += label;
      }
      return sum / labels.length;
    }
  }

  @Test
  void numbersMayBeTakenAgain() {
    Drawn drawn = Drawn.of(new Options(200, 4, 7, 3, false, 8, 0));
    for (int row = 0; row < 200; row++) {
      for (int i = 0; i < 4; i++) {
        boolean found = false;
        for (int other = 0; other < 16; other++) {
          long sum =
              drawn.numbers[4 * row + i]
                  + drawn.numbers[4 * row + other / 4]
                  + drawn.numbers[4 * row + other % 4];
          found |= sum % 7 == 0;
        }
        assertThat(drawn.labels[4 * row + i]).isEqualTo(found ? 1 : 0);
      }
    }
  }

  /** A triple of four numbers that has one of them leaves out one of the others. */
  @Test
  void distinctNumbersAreInDifferentPlaces() {
    Drawn drawn = Drawn.of(new Options(200, 4, 7, 3, true, 8, 0));
    for (int row = 0; row < 200; row++) {
      long sum = 0;
      for (int i = 0; i < 4; i++) {
        sum += drawn.numbers[4 * row + i];
      }
      for (int i = 0; i < 4; i++) {
        boolean found = false;
        for (int left = 0; left < 4; left++) {
          found |= left != i && (sum - drawn.numbers[4 * row + left]) % 7 == 0;
        }
        assertThat(drawn.labels[4 * row + i]).isEqualTo(found ? 1 : 0);
      }
    }
  }

  @Test
  void pairsOfDifferentPlaces() {
    Drawn drawn = Drawn.of(new Options(100, 2, 5, 2, true, 8, 0));
    for (int i = 0; i < 100; i++) {
      long expected = (drawn.numbers[2 * i] + drawn.numbers[2 * i + 1]) % 5 == 0 ? 1 : 0;
      assertThat(drawn.labels[2 * i]).isEqualTo(expected);
      assertThat(drawn.labels[2 * i + 1]).isEqualTo(expected);
    }
  }

  /** 21 pairs of the other seven, each fitting once in 31: 1 - (30 / 31)^21 = 0.498. */
  @Test
  void halfOfEightDistinctNumbersHaveAMatch() {
    Drawn drawn = Drawn.of(new Options(2000, 8, 31, 3, true, 8, 0));
    assertThat(drawn.share()).isCloseTo(0.498, within(0.03));
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            new Options(0, 6, 31, 3, false, 8, 0),
            new Options(4, 0, 31, 3, false, 8, 0),
            new Options(4, 6, 1, 3, false, 8, 0),
            new Options(4, 6, 31, 4, false, 8, 0),
            new Options(4, 6, 31, 1, true, 8, 0))) {
      assertThatThrownBy(() -> new MatchSums(wrong)).isInstanceOf(UserException.class);
    }
  }
}
