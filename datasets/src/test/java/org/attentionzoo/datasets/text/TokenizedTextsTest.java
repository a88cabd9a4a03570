package org.attentionzoo.datasets.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.text.LabelledText.Example;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenizedTextsTest {

  @TempDir Path folder;

  private LabelledText texts(String training, String validation) throws IOException {
    Files.writeString(folder.resolve("train.tsv"), training);
    Files.writeString(folder.resolve("dev.tsv"), validation);
    return LabelledText.read(folder);
  }

  @Test
  void readsLinesOfTextAndClass() throws IOException {
    LabelledText texts = texts("the cat\tgood\na dog\tbad\r\n\nx\ty\tbad\n", "sat\tgood\n");
    assertThat(texts.classes()).containsExactly("bad", "good");
    assertThat(texts.training())
        .containsExactly(
            new Example("the cat", 1), new Example("a dog", 0), new Example("x\ty", 0));
    assertThat(texts.validation()).containsExactly(new Example("sat", 1));
  }

  @Test
  void saysWhichLineIsWrong() throws IOException {
    assertThatThrownBy(() -> texts("a\t1\nb 2\n", "a\t1\n"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("train.tsv, line 2");
    assertThatThrownBy(() -> texts("a\t1\n", "a\t1\n")).hasMessageContaining("[1] only");
    assertThatThrownBy(() -> texts("a\t1\nb\t2\n", "a\t3\n")).hasMessageContaining("'3'");
    assertThatThrownBy(() -> texts("a\t1\nb\t2\n", "\n")).hasMessageContaining("no lines");
    Files.delete(folder.resolve("dev.tsv"));
    assertThatThrownBy(() -> LabelledText.read(folder)).hasMessageContaining("dev.tsv");
  }

  @Test
  void batchesHoldTokensValidityAndClasses() throws IOException {
    LabelledText texts = texts("the cat\t0\ndog\t1\n", "dog sat\t1\ncat\t0\nsat\t1\n");
    try (TextTokenizer tokenizer =
            TextTokenizer.open(Path.of("src/test/resources/tokenizers/small"), 8);
        NDManager manager = NDManager.newBaseManager()) {
      TokenizedTexts source = new TokenizedTexts(texts, tokenizer, 2, 1);
      assertThat(source.validationBatches()).isEqualTo(2);
      Batch first = source.validation(manager, 0);
      assertThat(first.inputs().get(0).toLongArray()).containsExactly(1, 7, 9, 2, 1, 6, 2, 0);
      assertThat(first.inputs().get(1).toBooleanArray())
          .containsExactly(true, true, true, true, true, true, true, false);
      assertThat(first.labels().head().toLongArray()).containsExactly(1, 0);
      assertThat(first.ids()).containsExactly(0, 1);
      Batch last = source.validation(manager, 1);
      assertThat(last.labels().head().getShape()).isEqualTo(new Shape(1));
      Batch drawn = source.training(manager, 5, 3);
      Batch again = source.training(manager, 5, 3);
      assertThat(again.ids()).containsExactly(drawn.ids());
      for (int i = 0; i < 2; i++) {
        assertThat(drawn.labels().head().getLong(i))
            .isEqualTo(texts.training().get((int) drawn.ids()[i]).label());
      }
      TokenizedTexts pooled = new TokenizedTexts(texts, tokenizer, 2, 4);
      assertThat(pooled.training(manager, 5, 3).ids())
          .containsExactly(pooled.training(manager, 5, 3).ids());
      assertThatThrownBy(() -> source.validation(manager, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> new TokenizedTexts(texts, tokenizer, 0, 1))
          .isInstanceOf(UserException.class);
    }
  }
}
