package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

final class WordCorpusTest {

  @TempDir private Path folder;

  @Test
  void everyWordAfterTheFirstIsPredictedOnceFromTheOneBefore() throws Exception {
    WordCorpus corpus = parts("b a a\n\n c <unk>\ta\r\n a b", "a \u00e9 b\nc\u00a0c\n \nb", 0);
    assertThat(corpus.vocabulary()).containsExactly("<unk>", "<eos>", "a", "b", "c");
    assertThat(corpus.trainingLength()).isEqualTo(12);
    assertThat(predicted(corpus, 2, 3))
        .containsExactly("<unk>", "b", "<eos>", "c", "c", "<eos>", "<eos>", "b", "<eos>");
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = corpus.windows(2, 3).training(manager, 7, 1);
      long[] inputs = batch.inputs().head().toLongArray();
      long[] labels = batch.labels().head().toLongArray();
      assertThat(inputs).hasSize(6);
      assertThat(List.of(inputs[1], inputs[2], inputs[4], inputs[5]))
          .containsExactly(labels[0], labels[1], labels[3], labels[4]);
    }
  }

  @Test
  void rareWordsAreUnknown() throws Exception {
    WordCorpus corpus = parts("d d c c c b a\n", "a b c d\n", 4);
    assertThat(corpus.vocabulary()).containsExactly("<unk>", "<eos>", "c", "d");
    assertThat(predicted(corpus, 1, 4)).containsExactly("<unk>", "c", "d", "<eos>");
    assertThatThrownBy(() -> parts("a b c d", "a b", 2))
        .isInstanceOf(UserException.class)
        .hasMessage("words=2; expected 0 for all, or at least 3: <unk>, <eos> and a word");
  }

  @Test
  void aTextIsCutBetweenWords() {
    String text = "one two three four five six sevenseven eighteight nine";
    TextCorpus bytes = TextCorpus.of("text", text.getBytes(StandardCharsets.UTF_8));
    WordCorpus corpus = new WordCorpus(bytes, 0);
    assertThat(bytes.trainingLength()).isEqualTo(48);
    assertThat(corpus.vocabulary()).contains("eighteight").hasSize(10);
    assertThat(corpus.validationLength()).isEqualTo(2);
  }

  @Test
  void tooFewWordsAreRefused() {
    TextCorpus text =
        TextCorpus.of("short", "a b c d e f g h i j\n".getBytes(StandardCharsets.UTF_8));
    WordCorpus corpus = new WordCorpus(text, 0);
    assertThatThrownBy(() -> corpus.windows(1, 20))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("'short' holds 11 words of text; windows of length=20 need");
  }

  @Test
  void theTokenizerMakesTheSameTokensAndWritesThemAsLines() throws Exception {
    StringBuilder text = new StringBuilder("\n\na b<eos> <unk>\t<eos> c\r\n\n \n##d b ' \" ");
    for (char c = 1; c < 0x3100; c++) {
      if (c != '\n') {
        text.append(c).append("a\n ").append(c);
      }
    }
    WordCorpus corpus = parts(text.toString(), "b new words\n", 0);
    Tokenized windows = (Tokenized) corpus.windows(1, 2);
    TextTokenizer tokenizer = windows.tokenizer();
    assertThat(tokenizer.vocabulary()).isEqualTo(corpus.vocabulary().size());
    long[] tokens = tokenizer.encodePlainly(text + "\nb new words\n");
    assertThat(tokens).isEqualTo(all(corpus));
    String lines = tokenizer.decode(tokens, true);
    assertThat(lines)
        .startsWith("\n\na b<eos> <unk>\nc\n\n\n##d b ' \" ")
        .endsWith("\nb <unk> <unk>\n");
    assertThat(tokenizer.encodePlainly(lines)).isEqualTo(tokens);

    Path saved = folder.resolve("tokenizer.json");
    tokenizer.save(saved);
    assertThat(WordCorpus.vocabulary(saved)).isEqualTo(corpus.vocabulary());
    WordCorpus other =
        new WordCorpus(
            TextCorpus.of("other", "b b unheard a b b b b b b b".getBytes(StandardCharsets.UTF_8)),
            WordCorpus.vocabulary(saved));
    int b = corpus.vocabulary().indexOf("b");
    assertThat(all(other)).startsWith(b, b, 0, corpus.vocabulary().indexOf("a")).endsWith(b, 1);
    assertThatThrownBy(() -> WordCorpus.vocabulary(Path.of("src/test/resources/tokenizers/small")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is no tokenizer of words");
  }

  private static long[] all(WordCorpus corpus) {
    return IntStream.range(0, corpus.trainingLength() + corpus.validationLength())
        .mapToLong(corpus::token)
        .toArray();
  }

  @Test
  @EnabledIfEnvironmentVariable(
      named = "ZOO_DATA",
      matches = ".+",
      disabledReason = "counts the words of WikiText-2; set ZOO_DATA")
  void wikiTextHasThePublishedNumbersOfTokens() {
    Path data = Path.of(System.getenv("ZOO_DATA"), "wikitext-2");
    TextCorpus text =
        TextCorpus.load("wikitext-2", data.resolve("test.txt"), data.resolve("valid.txt"));
    WordCorpus corpus = new WordCorpus(text, 0);
    assertThat(corpus.trainingLength()).isEqualTo(245_569);
    assertThat(corpus.validationLength()).isEqualTo(217_646);
  }

  private WordCorpus parts(String training, String validation, int words) throws Exception {
    Path first = Files.writeString(folder.resolve("train.txt"), training);
    Path second = Files.writeString(folder.resolve("valid.txt"), validation);
    return new WordCorpus(TextCorpus.load("parts", first, second), words);
  }

  private static List<String> predicted(WordCorpus corpus, int batch, int length) {
    BatchSource windows = corpus.windows(batch, length);
    List<String> words = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int i = 0; i < windows.validationBatches(); i++) {
        for (long label : windows.validation(manager, i).labels().head().toLongArray()) {
          if (label != ByteWindows.IGNORED) {
            words.add(corpus.vocabulary().get((int) label));
          }
        }
      }
    }
    return words;
  }
}
