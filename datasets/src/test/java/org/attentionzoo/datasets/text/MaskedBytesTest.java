package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskedBytesTest {

  @TempDir private Path folder;

  private TextCorpus corpus() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "abcdefghij".repeat(300));
    return TextCorpus.load(file.toString());
  }

  @Test
  void labelsAreTheBytesThatWereThereAndMostOfThemAreHidden() throws IOException {
    ByteWindows windows = new ByteWindows(corpus(), 8, 50);
    MaskedBytes source = new MaskedBytes(windows, 0.3);
    int chosen = 0;
    int hidden = 0;
    int kept = 0;
    int all = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 20; step++) {
        Batch batch = source.training(manager, 4, step);
        long[] whole = windows.training(manager, 4, step).inputs().head().toLongArray();
        long[] shown = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int i = 0; i < whole.length; i++, all++) {
          if (labels[i] == MaskedBytes.IGNORED) {
            assertThat(shown[i]).isEqualTo(whole[i]);
          } else {
            assertThat(labels[i]).isEqualTo(whole[i]);
            chosen++;
            hidden += shown[i] == MaskedBytes.MASK ? 1 : 0;
            kept += shown[i] == whole[i] ? 1 : 0;
          }
        }
        assertThat(source.training(manager, 4, step).inputs().head().toLongArray())
            .containsExactly(shown);
      }
    }
    assertThat((double) chosen / all).isCloseTo(0.3, within(0.02));
    assertThat((double) hidden / chosen).isCloseTo(0.8, within(0.03));
    assertThat((double) kept / chosen).isCloseTo(0.1, within(0.03));
  }

  @Test
  void theFillingOfTheLastWindowIsNeverChosen() throws IOException {
    MaskedBytes source = new MaskedBytes(new ByteWindows(corpus(), 4, 35), 1);
    try (NDManager manager = NDManager.newBaseManager()) {
      long chosen = 0;
      for (int i = 0; i < source.validationBatches(); i++) {
        Batch batch = source.validation(manager, i);
        for (long label : batch.labels().head().toLongArray()) {
          chosen += label == MaskedBytes.IGNORED ? 0 : 1;
        }
        assertThat(source.validation(manager, i).inputs().head().toLongArray())
            .containsExactly(batch.inputs().head().toLongArray());
      }
      assertThat(chosen).isEqualTo(299);
    }
  }

  @Test
  void aRateOfNothingIsRefused() throws IOException {
    ByteWindows windows = new ByteWindows(corpus(), 4, 35);
    assertThatThrownBy(() -> new MaskedBytes(windows, 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("rate=0.0");
  }
}
