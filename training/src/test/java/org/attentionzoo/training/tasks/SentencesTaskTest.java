package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.tasks.SentencesTaskProvider.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SentencesTaskTest {

  @TempDir Path folder;

  @Test
  void theDataDecidesVocabularyAndClasses() throws IOException {
    Files.writeString(folder.resolve("train.tsv"), "a b c\t0\nd e f\t1\ng\t2\n");
    Files.writeString(folder.resolve("dev.tsv"), "a\t0\nb\t0\nd\t1\n");
    SentencesTaskProvider provider = new SentencesTaskProvider();
    Task task =
        provider.create(folder.toString(), new Options(2, 8, "", 10, Part.VALIDATION, 1), Map.of());
    assertThat(task.kind()).isEqualTo(ModelKind.SEQUENCE_CLASSIFIER);
    assertThat(task.modelSettings()).containsEntry("vocabulary", 10).containsEntry("classes", 3);
    assertThat(task.description()).containsEntry("validation_majority", 2.0 / 3);
    assertThat(task.itemsPerBatch()).isEqualTo(2);
  }

  @Test
  void linesOfTextAreMasked() throws IOException {
    Path file = Files.writeString(folder.resolve("text.txt"), "a b\u00e9 c\n\n".repeat(12));
    MaskedTextTaskProvider provider = new MaskedTextTaskProvider();
    Task task = provider.create(file.toString(), provider.defaults(), Map.of());
    assertThat(task.kind()).isEqualTo(ModelKind.MASKED_LANGUAGE_MODEL);
    assertThat(task.modelSettings()).containsEntry("vocabulary", 8);
    assertThat(task.description()).containsEntry("lines", 12);
    MaskedTextTaskProvider.Options wrong =
        new MaskedTextTaskProvider.Options(2, 8, 0.1, "", 10, "<mask>", 1);
    assertThatThrownBy(() -> provider.create(file.toString(), wrong, Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("<mask>");
  }

  @Test
  void aMissingTokenizerOrFolderIsSaid() throws IOException {
    SentencesTaskProvider provider = new SentencesTaskProvider();
    assertThatThrownBy(() -> provider.create("", provider.defaults(), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("sentences:<folder>");
    Files.writeString(folder.resolve("train.tsv"), "a\t0\nd\t1\n");
    Files.writeString(folder.resolve("dev.tsv"), "a\t0\n");
    Options options = new Options(2, 8, folder.toString(), 10, Part.VALIDATION, 1);
    assertThatThrownBy(() -> provider.create(folder.toString(), options, Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("tokenizer.json");
    Options narrow = new Options(2, 1, "", 10, Part.VALIDATION, 1);
    assertThatThrownBy(() -> provider.create(folder.toString(), narrow, Map.of()))
        .hasMessageContaining("length=1");
  }
}
