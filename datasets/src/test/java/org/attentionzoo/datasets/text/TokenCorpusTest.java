package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenCorpusTest {

  private static final Path SMALL = Path.of("src/test/resources/tokenizers/small");

  private static final Path BYTE_PAIRS = Path.of("src/test/resources/tokenizers/bytepairs");

  @TempDir Path folder;

  /** That of the resources with a line end and the bytes of an emoji. */
  private TextTokenizer pairs() throws IOException {
    Files.copy(BYTE_PAIRS.resolve("merges.txt"), folder.resolve("merges.txt"));
    String words = Files.readString(BYTE_PAIRS.resolve("vocab.json")).strip();
    Files.writeString(
        folder.resolve("vocab.json"),
        words.substring(0, words.length() - 1)
            + ", \"\u010a\": 24, \"\u00f0\": 25, \"\u0141\": 26, \"\u013a\": 27, \"\u0122\": 28}");
    return TextTokenizer.open(folder, 0);
  }

  private static TextCorpus text(String text) {
    return TextCorpus.of("text", text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void everyTokenAfterTheFirstIsPredictedOnceAndNoneIsAdded() {
    String words = "the cat sat the dog ".repeat(50);
    try (TextTokenizer tokenizer = TextTokenizer.open(SMALL, 0);
        NDManager manager = NDManager.newBaseManager()) {
      TokenCorpus corpus = new TokenCorpus(text(words), tokenizer);
      long[] expected = tokenizer.encodePlainly(words);
      assertThat(corpus.trainingLength() + corpus.validationLength()).isEqualTo(expected.length);
      assertThat(expected).doesNotContain(1, 2);
      BatchSource windows = corpus.windows(2, 4);
      assertThat(((Tokenized) windows).tokenizer()).isSameAs(tokenizer);
      int place = corpus.trainingLength();
      for (int i = 0; i < windows.validationBatches(); i++) {
        Batch batch = windows.validation(manager, i);
        long[] inputs = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int j = 0; j < labels.length && labels[j] != ByteWindows.IGNORED; j++) {
          assertThat(inputs[j]).isEqualTo(expected[place]);
          assertThat(labels[j]).isEqualTo(expected[++place]);
        }
      }
      assertThat(place).isEqualTo(expected.length - 1);
    }
  }

  @Test
  void bytesOfATokenAreToldWhereNothingOfTheTextIsLost() throws IOException {
    String plain = "a dog\n".repeat(100);
    try (TextTokenizer pairs = pairs();
        TextTokenizer small = TextTokenizer.open(SMALL, 0)) {
      TokenCorpus corpus = new TokenCorpus(text(plain), pairs);
      assertThat(corpus.isLossless()).isTrue();
      int bytes = plain.length() - plain.length() * 9 / 10 / 6 * 6;
      assertThat(corpus.bytesPerToken() * corpus.validationLength())
          .isBetween(bytes - 8.0, bytes + 8.0);
      TextCorpus kept = ((TextSource) corpus.windows(2, 4)).text().orElseThrow();
      assertThat(new String(kept.training(), StandardCharsets.UTF_8))
          .startsWith("a dog\n")
          .endsWith("a dog\n");
      assertThat(kept.validationLength() / corpus.bytesPerToken())
          .isCloseTo(corpus.validationLength(), within(1e-9));

      TokenCorpus changed = new TokenCorpus(text("The cat! ".repeat(50)), small);
      assertThat(changed.isLossless()).isFalse();
      assertThat(((TextSource) changed.windows(2, 4)).text()).isEmpty();
    }
  }

  @Test
  void aLongTextIsEncodedInPieces() throws IOException {
    String lines = "a dog sat at a cat\n".repeat(15_000);
    String line = "\uD83D\uDE00dog".repeat(60_000);
    try (TextTokenizer pairs = pairs()) {
      TokenCorpus many = new TokenCorpus(text(lines), pairs);
      assertThat(many.isLossless()).isTrue();
      assertThat(many.trainingLength() + many.validationLength())
          .isEqualTo(15_000 * pairs.encodePlainly("a dog sat at a cat\n").length);
      assertThat(new TokenCorpus(text(line), pairs).isLossless()).isTrue();
    }
  }

  @Test
  void tooFewTokensAreRefused() {
    try (TextTokenizer tokenizer = TextTokenizer.open(SMALL, 0)) {
      TokenCorpus corpus = new TokenCorpus(text("the cat sat the dog"), tokenizer);
      assertThatThrownBy(() -> corpus.windows(1, 20))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("'text' holds")
          .hasMessageContaining("tokens of text; windows of length=20");
    }
  }
}
