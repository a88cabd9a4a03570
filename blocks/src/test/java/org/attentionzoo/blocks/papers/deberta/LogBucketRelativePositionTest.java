package org.attentionzoo.blocks.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogBucketRelativePositionTest {

  private NDManager manager;
  private NDArray like;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    like = manager.zeros(new Shape(1));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static long expected(int distance, int buckets, int maximum) {
    int cut = Math.max(1 - maximum, Math.min(maximum - 1, distance));
    int mid = buckets / 2;
    if (buckets == 0) {
      return distance;
    }
    if (Math.abs(cut) <= mid) {
      return cut;
    }
    // a hair less, so that a distance whose logarithm is whole is not lifted by rounding
    double log =
        Math.log(Math.abs(cut) / (double) mid) / Math.log((maximum - 1.0) / mid) * (mid - 1);
    return (long) (Integer.signum(cut) * (Math.ceil(log - 1e-6) + mid));
  }

  @ParameterizedTest
  @CsvSource({"256, 512, 1000", "8, 64, 33", "5, 20, 40", "2, 9, 12", "0, 16, 30", "16, 8, 20"})
  void bucketsAreTheFormulas(int buckets, int maximum, int length) {
    long[] actual =
        new LogBucketRelativePosition(buckets, maximum).buckets(like, length).toLongArray();
    assertThat(actual).hasSize(2 * length - 1);
    for (int distance = 1 - length; distance < length; distance++) {
      assertThat(actual[distance + length - 1])
          .as("distance %s", distance)
          .isEqualTo(expected(distance, buckets, maximum));
    }
  }

  @Test
  void theReleasedBucketsAreOddAndMonotoneAndFillTheirRange() {
    long[] all = new LogBucketRelativePosition(256, 512).buckets(like, 512).toLongArray();
    for (int i = 0; i < all.length; i++) {
      assertThat(all[i]).isEqualTo(-all[all.length - 1 - i]);
      assertThat(i == 0 || all[i] >= all[i - 1]).isTrue();
    }
    assertThat(all[0]).isEqualTo(-255);
    assertThat(all[all.length - 1]).isEqualTo(255);
  }

  @ParameterizedTest
  @CsvSource({"256, 512", "8, 64", "5, 20", "2, 9", "0, 16", "16, 8", "3, 3"})
  void theRowsInReachAreEnough(int buckets, int maximum) {
    LogBucketRelativePosition positions = new LogBucketRelativePosition(buckets, maximum);
    int span = positions.span();
    for (int length : new int[] {1, 2, 3, 7, 16, 33, 100, 600}) {
      int reach = positions.reach(length);
      assertThat(reach).isBetween(1, span);
      long[] few = positions.index(like, length, reach).toLongArray();
      long[] all = positions.index(like, length, span).toLongArray();
      for (int i = 0; i < all.length; i++) {
        assertThat(few[i] + span - reach).isEqualTo(all[i]);
      }
      assertThat(positions.index(like, length, span).getShape())
          .isEqualTo(new Shape(length, length));
    }
  }
}
