package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.tabular.Moments;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnDataTasksTest {

  @TempDir Path folder;

  private static Task task(String data, Map<String, Object> options) {
    Tasks.Source source = Tasks.parse(data);
    TaskProvider provider = source.provider();
    return provider.create(
        source.location(), Configs.fromMap(provider.defaults(), options), Map.of());
  }

  private String write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  @Test
  void aTableOfNumbersBecomesClasses() throws IOException {
    StringBuilder text = new StringBuilder("x,y,part,name\n");
    for (int i = 0; i < 12; i++) {
      text.append(i).append(",7,").append(i < 8 ? "train" : i < 10 ? "val" : "test");
      text.append(i % 2 == 0 ? ",even\n" : ",odd\n");
    }
    String data = "csv:" + write("t.csv", text.toString());
    Map<String, Object> options = Map.of("target", "name", "split", "part", "batch", 8);
    Task task = task(data, options);
    assertThat(task.kind()).isEqualTo(ModelKind.REGRESSOR);
    assertThat(task.modelSettings()).containsEntry("features", 2).containsEntry("outputs", 2);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Batch batch = task.source().training(manager, 1, 0);
      assertThat(batch.ids()).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7);
      assertThat(batch.inputs().head().mean().getFloat()).isBetween(-1e-6f, 1e-6f);
      Batch evaluated = task.source().validation(manager, 0);
      assertThat(evaluated.labels().head().toLongArray()).containsExactly(0, 1);
      float deviation = (float) Math.sqrt(5.25);
      assertThat(evaluated.inputs().head().toFloatArray())
          .containsExactly(4.5f / deviation, 0f, 5.5f / deviation, 0f);
    }
    assertThatThrownBy(() -> task(data, Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("task.target=<column>");
    assertThatThrownBy(() -> task(data, Map.of("target", "nam")))
        .hasMessageContaining("did you mean 'name'");
    assertThatThrownBy(() -> task(data, Map.of("target", "name", "batch", 1, "heldOut", 0.5)))
        .hasMessageContaining("column 'part' is 'train'");
  }

  @Test
  void aTableWithholdsNoRowAndTellsNoTarget() throws IOException {
    String rows = "a,b,part\n1,2,train\n2,4,train\n3,6,%s\n4,8,validation\n";
    String fine = "csv:" + write("fine.csv", rows.formatted("testing"));
    String other = "csv:" + write("other.csv", rows.formatted("Train"));
    Map<String, Object> options = Map.of("target", "b", "kind", "values", "split", "part");
    Map<String, Object> small = with(options, "batch", 1);
    assertThat(task(fine, small).description()).containsEntry("training_rows", 2);
    assertThatThrownBy(() -> task(other, small))
        .isInstanceOf(UserException.class)
        .hasMessageEndingWith("row 3, column 'part' is 'Train'; expected train, val or test");
    assertThat(task(fine, with(small, "features", "a")).modelSettings())
        .containsEntry("features", 1);
    assertThatThrownBy(() -> task(fine, with(small, "features", "a, b")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'b', which is to be told");
    assertThatThrownBy(() -> task(fine, with(small, "features", "a,a")))
        .hasMessageContaining("'a' twice");
  }

  private static Map<String, Object> with(Map<String, Object> options, String key, Object value) {
    Map<String, Object> changed = new LinkedHashMap<>(options);
    changed.put(key, value);
    return changed;
  }

  @Test
  void aTableOfNumbersBecomesValues() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      text.append("{\"a\": ").append(i).append(", \"b\": ").append(2 * i).append("}\n");
    }
    Task task =
        task(
            "jsonl:" + write("t.jsonl", text.toString()),
            Map.of("target", "b", "kind", "values", "standardise", false, "batch", 4));
    assertThat(task.modelSettings()).containsEntry("outputs", 1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Batch batch = task.source().training(manager, 1, 0);
      assertThat(batch.labels().head().getShape()).isEqualTo(new Shape(4, 1));
      float[] a = batch.inputs().head().toFloatArray();
      float[] b = batch.labels().head().toFloatArray();
      for (int i = 0; i < 4; i++) {
        assertThat(b[i]).isEqualTo(2 * a[i]);
      }
    }
  }

  @Test
  void aTableIsStandardisedByItsTrainingRowsAndRemembersHow() throws IOException {
    String rows = "a,b,part\n1,1000,train\n3,5000,train\n5,9000,val\n";
    Task task =
        task(
            "csv:" + write("scale.csv", rows),
            Map.of("target", "b", "kind", "values", "split", "part", "batch", 2));
    TableColumns columns = TableColumns.ofTable(task.description()).orElseThrow();
    assertThat(columns)
        .isEqualTo(
            new TableColumns(
                List.of("a"), List.of(new Moments(2, 1)), "b", List.of(), new Moments(3000, 2000)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Batch batch = task.source().validation(manager, 0);
      assertThat(batch.inputs().head().toFloatArray()).containsExactly(3);
      assertThat(batch.labels().head().toFloatArray()).containsExactly(3);
      assertThat(columns.targetScale().restore(3)).isEqualTo(9000);
      NDArray none = manager.zeros(new Shape(1, 1));
      assertThat(
              task.objective()
                  .evaluate(new NDList(none), batch)
                  .metrics()
                  .get("mean_absolute_error")
                  .getFloat())
          .isEqualTo(6000);
    }
    assertThatThrownBy(() -> columns.inputs(new double[2]))
        .isInstanceOf(UserException.class)
        .hasMessage("2 numbers were given; the model takes 1: a");
    assertThat(TableColumns.ofTable(Map.of("classes", List.of("a", "b")))).isEmpty();
  }

  @Test
  void aTableOfTextsBecomesClassesOfTexts() throws IOException {
    StringBuilder text = new StringBuilder("review,stars\n");
    for (int i = 0; i < 30; i++) {
      text.append(i % 2 == 0 ? "\"good, film\",5\n" : "bad film,1\n");
    }
    Task task =
        task(
            "csv:" + write("r.csv", text.toString()),
            Map.of("target", "stars", "text", "review", "batch", 4, "words", 10));
    assertThat(task.kind()).isEqualTo(ModelKind.SEQUENCE_CLASSIFIER);
    assertThat(task.modelSettings()).containsEntry("classes", 2);
    assertThat((int) task.description().get("training_texts")).isBetween(20, 29);
  }

  @Test
  void seriesOfAFileAreForecast() throws IOException {
    StringBuilder text = new StringBuilder("date,a,b\n");
    for (int i = 0; i < 100; i++) {
      text.append("d,").append(i).append(',').append(-i).append('\n');
    }
    String file = write("s.csv", text.toString());
    Task task = task("forecast:" + file, Map.of("window", 8, "horizon", 3, "batch", 5));
    assertThat(task.kind()).isEqualTo(ModelKind.FORECASTER);
    assertThat(task.modelSettings())
        .containsEntry("window", 8)
        .containsEntry("horizon", 3)
        .containsEntry("channels", 2);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Batch batch = task.source().training(manager, 1, 0);
      assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(5, 8, 2));
      assertThat(batch.labels().head().getShape()).isEqualTo(new Shape(5, 3, 2));
    }
    assertThatThrownBy(() -> task("forecast:", Map.of())).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> task("forecast:" + file, Map.of("columns", "c")))
        .hasMessageContaining("no column 'c'");
  }

  @Test
  void listOpsOfTheArenaAreClassified() throws IOException {
    write("basic_train.tsv", "Source\tTarget\n( ( [MAX 4 ) ] )\t4\n( ( ( [SM 9 ) 1 ) ] )\t0\n");
    write("basic_val.tsv", "Source\tTarget\n( ( [MIN 0 ) ] )\t0\n");
    Task task = task("lra:listops:" + folder, Map.of("batch", 2));
    assertThat(task.kind()).isEqualTo(ModelKind.SEQUENCE_CLASSIFIER);
    assertThat(task.modelSettings()).containsEntry("vocabulary", 16).containsEntry("classes", 10);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Batch batch = task.source().training(manager, 1, 0);
      assertThat(batch.inputs()).hasSize(2);
      assertThat(batch.inputs().get(1).toBooleanArray())
          .containsExactlyInAnyOrder(true, true, true, false, true, true, true, true);
      assertThat(task.source().validation(manager, 0).inputs()).hasSize(1);
    }
    assertThatThrownBy(() -> task("lra:pathfinder:" + folder, Map.of()))
        .hasMessageContaining("lra:listops or lra:aan");
  }

  @Test
  void filmReviewsInFoldersAreTexts() throws IOException {
    for (String part : new String[] {"train", "test"}) {
      for (String label : new String[] {"neg", "pos"}) {
        Files.createDirectories(folder.resolve(part).resolve(label));
        for (int i = 0; i < 10; i++) {
          write(part + "/" + label + "/" + i + "_1.txt", label + " film " + i);
        }
      }
    }
    Files.createDirectories(folder.resolve("train/unsup"));
    Task task = task("sentences:" + folder, Map.of("batch", 4, "words", 20));
    assertThat(task.description())
        .containsEntry("training_texts", 18)
        .containsEntry("validation_texts", 2);
    Task test = task("sentences:" + folder, Map.of("batch", 4, "words", 20, "part", "test"));
    assertThat(test.description()).containsEntry("validation_texts", 20);
    assertThat(test.description().get("sha256")).isNotEqualTo(task.description().get("sha256"));
  }
}
