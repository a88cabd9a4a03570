package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class LengthPoolsTest {

  private static final int BATCH = 8;
  private static final int POOL = 10;

  private final int[] lengths = new Random(2).ints(500, 1, 200).toArray();
  private final LengthPools pools = new LengthPools(BATCH, POOL);

  private long[] draw(long seed, long step) {
    return pools.draw(seed, step, lengths.length, id -> lengths[(int) id]);
  }

  @Test
  void aBatchIsAFunctionOfSeedAndStep() {
    for (long step : new long[] {0, 3, 9, 10, 1000}) {
      assertThat(draw(5, step)).containsExactly(draw(5, step));
      assertThat(draw(6, step)).isNotEqualTo(draw(5, step));
    }
    assertThat(draw(5, 13)).isNotEqualTo(draw(5, 3));
  }

  @Test
  void theBatchesOfAPoolDivideItByLength() {
    int[][] ranges = new int[POOL][];
    Set<Integer> firsts = new HashSet<>();
    for (int i = 0; i < POOL; i++) {
      int[] sorted = Arrays.stream(draw(5, 20 + i)).mapToInt(id -> lengths[(int) id]).toArray();
      assertThat(sorted).hasSize(BATCH).isSorted();
      ranges[i] = new int[] {sorted[0], sorted[BATCH - 1]};
      firsts.add(sorted[0]);
    }
    // The batches come in a drawn order; by length they follow each other without overlap.
    assertThat(Arrays.stream(ranges).map(r -> r[0]).toList())
        .isNotEqualTo(Arrays.stream(ranges).map(r -> r[0]).sorted().toList());
    Arrays.sort(ranges, (a, b) -> a[0] == b[0] ? a[1] - b[1] : a[0] - b[0]);
    for (int i = 1; i < POOL; i++) {
      assertThat(ranges[i][0]).isGreaterThanOrEqualTo(ranges[i - 1][1]);
    }
    assertThat(firsts).hasSizeGreaterThan(POOL / 2);
  }

  @Test
  void allTextsAreDrawnEquallyOften() {
    int[] counts = new int[lengths.length];
    int steps = 4000;
    for (int step = 0; step < steps; step++) {
      Arrays.stream(draw(7, step)).forEach(id -> counts[(int) id]++);
    }
    double expected = (double) steps * BATCH / lengths.length;
    double chi =
        Arrays.stream(counts).mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    // 499 degrees of freedom: mean 499, standard deviation 31.6.
    assertThat(chi).isBetween(499 - 5 * 31.6, 499 + 5 * 31.6);
  }

  @Test
  void muchLessIsFilledUp() {
    LengthPools single = new LengthPools(BATCH, 1);
    double alone = 0;
    double pooled = 0;
    for (int step = 0; step < 200; step++) {
      alone += filled(single.draw(3, step, lengths.length, id -> lengths[(int) id]));
      pooled += filled(draw(3, step));
    }
    assertThat(pooled).isLessThan(alone / 3);
  }

  private double filled(long[] ids) {
    int longest = Arrays.stream(ids).mapToInt(id -> lengths[(int) id]).max().orElseThrow();
    return Arrays.stream(ids).mapToInt(id -> longest - lengths[(int) id]).sum();
  }

  @Test
  void refusesWhatIsNoPool() {
    assertThatThrownBy(() -> new LengthPools(32, 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("lengthPool=0");
    assertThatThrownBy(() -> new LengthPools(32, 1 << 20)).hasMessageContaining("32768");
  }
}
