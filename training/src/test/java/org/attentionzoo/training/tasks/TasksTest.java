package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TasksTest {

  @TempDir private Path folder;

  @Test
  void findsTheProviderOfAScheme() {
    assertThat(Tasks.find("text")).isInstanceOf(TextTaskProvider.class);
    assertThat(Tasks.all()).containsKey("text");
  }

  @Test
  void takesDataApartAtTheFirstColon() {
    Tasks.Source source = Tasks.parse("text:C:/my texts:1");
    assertThat(source.provider().scheme()).isEqualTo("text");
    assertThat(source.location()).isEqualTo("C:/my texts:1");
    assertThat(Tasks.parse("text").location()).isEmpty();
  }

  @Test
  void namesTheNearestScheme() {
    assertThatThrownBy(() -> Tasks.parse("txt:a"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("unknown data scheme 'txt'")
        .hasMessageContaining("did you mean 'text'?");
    assertThatThrownBy(() -> Tasks.parse("./input.txt"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("write text:./input.txt");
  }

  @Test
  void textTaskSaysWhatItIs() throws IOException {
    Path file = Files.writeString(folder.resolve("a.txt"), "x".repeat(1000));
    TextTaskProvider provider = new TextTaskProvider();

    Task task =
        provider.create(
            file.toString(), new TextTaskProvider.Options(2, 30, Part.VALIDATION), Map.of());

    assertThat(task.kind()).isEqualTo(ModelKind.CAUSAL_LANGUAGE_MODEL);
    assertThat(task.modelSettings()).isEqualTo(Map.of("vocabulary", 256));
    assertThat(task.itemsPerBatch()).isEqualTo(60);
    assertThat(task.description())
        .containsEntry("bytes", 1000L)
        .containsEntry("training_bytes", 900)
        .containsEntry("validation_bytes", 100)
        .containsKeys("sha256", "source", "files");
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThat(task.source().training(manager, 0, 0).inputs().head().getShape())
          .isEqualTo(new Shape(2, 30));
    }
  }

  @Test
  void recallTaskSaysWhatItIsAndTakesNoLocation() {
    RecallTaskProvider provider = new RecallTaskProvider();

    Task task = provider.create("", provider.defaults(), Map.of());

    assertThat(task.modelSettings()).isEqualTo(Map.of("vocabulary", 96));
    assertThat(task.itemsPerBatch()).isEqualTo(32 * 128);
    assertThat(task.source().validationBatches()).isEqualTo(16);
    assertThat(task.description()).containsEntry("chance", 1.0 / 32);
    assertThatThrownBy(() -> provider.create("x", provider.defaults(), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'recall:x'");
  }

  @Test
  void generatedTasksFitTheModelsOfTheirForms() {
    assertThat(create("listops", "{}").kind()).isEqualTo(ModelKind.SEQUENCE_CLASSIFIER);
    assertThat(create("listops", "{form: answer}").kind())
        .isEqualTo(ModelKind.CAUSAL_LANGUAGE_MODEL);
    assertThat(create("pathfinder", "{}").modelSettings())
        .isEqualTo(Map.of("channels", 1, "image", 32, "classes", 2));
    assertThat(create("pathfinder", "{form: pixels}").modelSettings())
        .isEqualTo(Map.of("vocabulary", 256, "classes", 2));
    assertThat(create("shapes", "{pairs: true}").modelSettings()).containsEntry("classes", 2);
    assertThat(create("icl-regression", "{}").modelSettings()).containsEntry("features", 246);
    assertThat(create("selective-copy", "{symbols: 9}").modelSettings())
        .isEqualTo(Map.of("vocabulary", 11));
    assertThat(create("mqar", "{}").description()).containsEntry("source", "generated");
    assertThat(create("needle", "{}").modelSettings()).isEqualTo(Map.of("vocabulary", 49));
    assertThatThrownBy(
            () -> Tasks.find("mqar").create("somewhere", Tasks.find("mqar").defaults(), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'mqar:somewhere'");
  }

  private static Task create(String scheme, String options) {
    TaskProvider provider = Tasks.find(scheme);
    Record chosen = Configs.fromMap(provider.defaults(), Configs.parse(options, "options"));
    return provider.create("", chosen, Map.of());
  }

  @Test
  void needlesHideInText() throws IOException {
    Path file = Files.writeString(folder.resolve("hay.txt"), "hay ".repeat(2000));
    TaskProvider provider = Tasks.find("needle");
    Task task = provider.create(file.toString(), provider.defaults(), Map.of());
    assertThat(task.modelSettings()).isEqualTo(Map.of("vocabulary", 256));
    assertThat(task.description()).containsKeys("haystack", "sha256").containsEntry("chance", 0.1);
  }

  @Test
  void everyProviderIsFoundAndDescribesItself() {
    assertThat(Tasks.all()).containsKeys("recall", "text");
    Tasks.all()
        .forEach(
            (scheme, provider) -> {
              assertThat(provider.usage()).startsWith(scheme + ":");
              assertThat(provider.defaults().getClass().isRecord()).isTrue();
            });
  }
}
