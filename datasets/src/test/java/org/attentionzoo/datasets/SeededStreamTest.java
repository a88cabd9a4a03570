package org.attentionzoo.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SeededStreamTest {

  private static final long[] SEEDS = {
    Long.MIN_VALUE, -1, 0, 1, 2, 42, 0x9E3779B97F4A7C15L, Long.MAX_VALUE
  };

  @Test
  void sameSeedAndCounterGiveTheSameNumbers() {
    assertThat(SeededStream.of(7, 9).nextLong()).isEqualTo(SeededStream.of(7, 9).nextLong());
  }

  @Test
  void streamsOfOtherSeedsAndCountersDoNotOverlap() {
    Set<Long> drawn = new HashSet<>();
    int draws = 0;
    for (long seed : SEEDS) {
      for (long counter = 0; counter < 200; counter++) {
        var stream = SeededStream.of(seed, counter);
        for (int i = 0; i < 20; i++) {
          drawn.add(stream.nextLong());
          draws++;
        }
      }
    }
    assertThat(drawn).hasSize(draws);
  }
}
