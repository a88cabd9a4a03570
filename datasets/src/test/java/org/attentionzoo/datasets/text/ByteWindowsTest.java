package org.attentionzoo.datasets.text;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ByteWindowsTest {

  private static final byte[] BYTES = randomBytes(1000);
  private static final TextCorpus CORPUS = TextCorpus.of("bytes", BYTES);

  @Test
  void trainingLabelsAreTheBytesThatFollow() {
    ByteWindows windows = new ByteWindows(CORPUS, 4, 7);
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 50; step++) {
        Batch batch = windows.training(manager, 1, step);
        long[] inputs = batch.inputs().singletonOrThrow().toLongArray();
        long[] labels = batch.labels().singletonOrThrow().toLongArray();
        assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(4, 7));
        assertThat(batch.labels().head().getShape()).isEqualTo(new Shape(4, 7));
        assertThat(batch.inputs().head().getDataType()).isEqualTo(DataType.INT64);
        assertThat(batch.labels().head().getDataType()).isEqualTo(DataType.INT64);
        for (int i = 0; i < inputs.length; i++) {
          int offset = (int) batch.ids()[i / 7] + i % 7;
          assertThat(inputs[i]).isEqualTo(BYTES[offset] & 0xFF);
          assertThat(labels[i]).isEqualTo(BYTES[offset + 1] & 0xFF);
          assertThat(offset + 1).isLessThan(CORPUS.trainingLength());
        }
      }
    }
  }

  @Test
  void trainingBatchIsAFunctionOfSeedAndStep() {
    ByteWindows one = new ByteWindows(CORPUS, 8, 5);
    ByteWindows other = new ByteWindows(TextCorpus.of("again", BYTES), 8, 5);
    try (NDManager manager = NDManager.newBaseManager()) {
      long[] late = one.training(manager, 3, 1_000_000).ids();
      long[] early = one.training(manager, 3, 0).ids();
      assertThat(other.training(manager, 3, 0).ids()).isEqualTo(early);
      assertThat(other.training(manager, 3, 1_000_000).ids()).isEqualTo(late);
      assertThat(one.training(manager, 3, 0).inputs().head().toLongArray())
          .isEqualTo(other.training(manager, 3, 0).inputs().head().toLongArray());
      assertThat(early).isNotEqualTo(late);
      assertThat(one.training(manager, 4, 0).ids()).isNotEqualTo(early);
    }
  }

  @Test
  void everyTrainingPositionIsDrawnAndNoOther() {
    TextCorpus small = TextCorpus.of("small", randomBytes(40));
    ByteWindows windows = new ByteWindows(small, 16, 30);
    Set<Long> starts = new HashSet<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 100; step++) {
        for (long id : windows.training(manager, 0, step).ids()) {
          starts.add(id);
        }
      }
    }
    assertThat(starts).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L);
  }

  @ParameterizedTest
  @CsvSource({"1000,4,7", "1000,1,99", "1000,3,33", "1000,64,1", "1000,2,50", "11,5,8", "12,5,1"})
  void validationPredictsEveryByteButTheFirstExactlyOnce(int size, int batch, int length) {
    byte[] bytes = randomBytes(size);
    TextCorpus corpus = TextCorpus.of("bytes", bytes);
    ByteWindows windows = new ByteWindows(corpus, batch, length);
    int[] predicted = new int[size];
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int index = 0; index < windows.validationBatches(); index++) {
        Batch b = windows.validation(manager, index);
        long[] inputs = b.inputs().head().toLongArray();
        long[] labels = b.labels().head().toLongArray();
        assertThat(b.inputs().head().getShape()).isEqualTo(new Shape(b.ids().length, length));
        for (int i = 0; i < labels.length; i++) {
          int offset = (int) b.ids()[i / length] + i % length;
          if (labels[i] == ByteWindows.IGNORED) {
            assertThat(inputs[i]).isZero();
            assertThat(offset + 1).isGreaterThanOrEqualTo(size);
          } else {
            assertThat(inputs[i]).isEqualTo(bytes[offset] & 0xFF);
            assertThat(labels[i]).isEqualTo(bytes[offset + 1] & 0xFF);
            predicted[offset + 1]++;
          }
        }
      }
    }
    for (int i = 0; i < size; i++) {
      assertThat(predicted[i]).as("byte %d", i).isEqualTo(i > corpus.trainingLength() ? 1 : 0);
    }
  }

  @Test
  void saysWhenThereIsTooLittleTextAndHowMuchIsNeeded() {
    TextCorpus corpus = TextCorpus.of("poem.txt", "x".repeat(100).getBytes(US_ASCII));

    assertThatThrownBy(() -> new ByteWindows(corpus, 1, 90))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'poem.txt' holds 100 bytes")
        .hasMessageContaining("at least 102");
    new ByteWindows(corpus, 1, 89);
    new ByteWindows(TextCorpus.of("enough", new byte[102]), 1, 90);
    new ByteWindows(TextCorpus.of("least", new byte[11]), 1, 1);
    assertThatThrownBy(() -> new ByteWindows(TextCorpus.of("short", new byte[10]), 1, 1))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("at least 11");
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,0", "-1,8", "65536,65536"})
  void refusesSenselessSizes(int batch, int length) {
    assertThatThrownBy(() -> new ByteWindows(CORPUS, batch, length))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("batch=" + batch + " and length=" + length);
  }

  private static byte[] randomBytes(int size) {
    byte[] bytes = new byte[size];
    new SplittableRandom(5).nextBytes(bytes);
    return bytes;
  }
}
