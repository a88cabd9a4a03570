package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

final class WordWindowsTest {

  @TempDir private Path folder;

  @Test
  void everyWordAfterTheFirstIsPredictedOnceFromTheOneBefore() throws Exception {
    WordWindows windows =
        parts("b a a\n\n c <unk>\ta\r\n a b", "a \u00e9 b\nc\u00a0c\n \nb", 0, 2, 3);
    assertThat(windows.vocabulary()).containsExactly("<unk>", "<eos>", "a", "b", "c");
    assertThat(windows.trainingLength()).isEqualTo(12);
    assertThat(predicted(windows))
        .containsExactly("<unk>", "b", "<eos>", "c", "c", "<eos>", "<eos>", "b", "<eos>");
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = windows.training(manager, 7, 1);
      long[] inputs = batch.inputs().head().toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      assertThat(inputs).hasSize(6);
      assertThat(List.of(inputs[1], inputs[2], inputs[4], inputs[5]))
          .containsExactly(labels[0], labels[1], labels[3], labels[4]);
    }
  }

  @Test
  void rareWordsAreUnknown() throws Exception {
    WordWindows windows = parts("d d c c c b a\n", "a b c d\n", 4, 1, 4);
    assertThat(windows.vocabulary()).containsExactly("<unk>", "<eos>", "c", "d");
    assertThat(predicted(windows)).containsExactly("<unk>", "c", "d", "<eos>");
    assertThatThrownBy(() -> parts("a b c d", "a b", 2, 1, 1))
        .isInstanceOf(UserException.class)
        .hasMessage("words=2; expected 0 for all, or at least 3: <unk>, <eos> and a word");
  }

  @Test
  void aTextIsCutBetweenWords() {
    String text = "one two three four five six sevenseven eighteight nine";
    TextCorpus corpus = TextCorpus.of("text", text.getBytes(StandardCharsets.UTF_8));
    WordWindows windows = new WordWindows(corpus, 0, 1, 3);
    assertThat(corpus.trainingLength()).isEqualTo(48);
    assertThat(windows.vocabulary()).contains("eighteight").hasSize(10);
    assertThat(windows.validationLength()).isEqualTo(2);
  }

  @Test
  void tooFewWordsAreRefused() {
    TextCorpus corpus =
        TextCorpus.of("short", "a b c d e f g h i j\n".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> new WordWindows(corpus, 0, 1, 20))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("'short' holds 11 words of text; windows of length=20 need");
  }

  @Test
  @EnabledIfEnvironmentVariable(
      named = "ZOO_DATA",
      matches = ".+",
      disabledReason = "counts the words of WikiText-2; set ZOO_DATA")
  void wikiTextHasThePublishedNumbersOfTokens() {
    Path data = Path.of(System.getenv("ZOO_DATA"), "wikitext-2");
    TextCorpus corpus =
        TextCorpus.load("wikitext-2", data.resolve("test.txt"), data.resolve("valid.txt"));
    WordWindows windows = new WordWindows(corpus, 0, 8, 64);
    assertThat(windows.trainingLength()).isEqualTo(245_569);
    assertThat(windows.validationLength()).isEqualTo(217_646);
  }

  private WordWindows parts(String training, String validation, int words, int batch, int length)
      throws Exception {
    Path first = Files.writeString(folder.resolve("train.txt"), training);
    Path second = Files.writeString(folder.resolve("valid.txt"), validation);
    return new WordWindows(TextCorpus.load("parts", first, second), words, batch, length);
  }

  private static List<String> predicted(WordWindows windows) {
    List<String> words = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int i = 0; i < windows.validationBatches(); i++) {
        for (long label : windows.validation(manager, i).labels().head().toLongArray()) {
          if (label != ByteWindows.IGNORED) {
            words.add(windows.vocabulary().get((int) label));
          }
        }
      }
    }
    return words;
  }
}
