package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.CopyOrAverage.Options;
import org.junit.jupiter.api.Test;

class CopyOrAverageTest {

  private static final Options OPTIONS = new Options(32, 6, 10, 9, 4, 40, 3);

  private static final int SHARP = 4 + 9 * 4;
  private static final int EVEN = SHARP + 9;

  @Test
  void sharpQuestionsHaveTheValueOfTheirKeyAndEvenOnesThatOfAnyItem() {
    int sharp = 0;
    int even = 0;
    double agreeing = 0;
    double expected = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 50; step++) {
        Batch batch = new CopyOrAverage(OPTIONS).training(manager, 5, step);
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 32; row++) {
          int offset = row * 16;
          Map<Long, Long> shown = new HashMap<>();
          for (int i = 0; i < 6; i++) {
            assertThat(tokens[offset + i]).isBetween(4L, SHARP - 1L);
            assertThat(labels[offset + i]).isEqualTo(-1);
            shown.put((tokens[offset + i] - 4) / 4, (tokens[offset + i] - 4) % 4);
          }
          assertThat(shown).hasSize(6);
          for (int i = 6; i < 16; i++) {
            long token = tokens[offset + i];
            long label = labels[offset + i];
            if (token < EVEN) {
              assertThat(label).isEqualTo(shown.get(token - SHARP));
              sharp++;
            } else {
              assertThat(token).isLessThan(EVEN + 9L);
              assertThat(shown).containsValue(label);
              long first = (tokens[offset] - 4) % 4;
              agreeing += label == first ? 1 : 0;
              expected += shown.values().stream().filter(v -> v == first).count() / 6.0;
              even++;
            }
          }
        }
      }
    }
    assertThat((double) sharp / (sharp + even)).isCloseTo(0.5, within(0.02));
    assertThat(agreeing / even)
        .as("drawn by their shares")
        .isCloseTo(expected / even, within(0.02));
  }

  @Test
  void theLowestLossIsHalfTheEntropyOfWhatIsShown() {
    // two items of two values: the same, no entropy, or one of each, ln 2, with equal chance
    double lowest = new CopyOrAverage(new Options(1, 2, 1, 2, 2, 1, 0)).lowestLoss();
    assertThat(lowest).isCloseTo(Math.log(2) / 4, within(1e-12));
    assertThat(new CopyOrAverage(new Options(1, 1, 1, 1, 5, 1, 0)).lowestLoss())
        .isCloseTo(0, within(1e-12));
  }

  @Test
  void moreItemsThanKeysAreRefused() {
    assertThatThrownBy(() -> new CopyOrAverage(new Options(1, 3, 1, 2, 2, 1, 0)))
        .isInstanceOf(UserException.class)
        .hasMessage("items=3 of different keys need as many keys; got keys=2");
  }
}
