package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StableOrderTest {

  /** Rows long enough that the engine's own sort leaves equal numbers in any order. */
  @Test
  void ofEqualNumbersTheEarlierComesFirst() {
    int rows = 3;
    int length = 300;
    Random random = new Random(5);
    float[] values = new float[rows * length];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(7) == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(5) - 2;
    }
    long[] expected = new long[values.length];
    long[] ranks = new long[values.length];
    for (int row = 0; row < rows; row++) {
      int start = row * length;
      int[] order =
          IntStream.range(0, length)
              .boxed()
              .sorted(Comparator.comparing((Integer i) -> -values[start + i]))
              .mapToInt(i -> i)
              .toArray();
      for (int place = 0; place < length; place++) {
        expected[start + place] = order[place];
        ranks[start + order[place]] = place;
      }
    }
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.create(values, new Shape(rows, 1, length));
      assertThat(StableOrder.descending(x).toLongArray()).isEqualTo(expected);
      assertThat(StableOrder.ranks(x).toLongArray()).isEqualTo(ranks);
      NDArray one = manager.create(new float[] {4}, new Shape(1, 1));
      assertThat(StableOrder.descending(one).toLongArray()).containsExactly(0);
    }
  }
}
