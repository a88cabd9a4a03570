package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.models.onnx.OnnxSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {

  @TempDir Path folder;

  /** A recipe is called as a model of a hub is. */
  @Test
  void exportsARecipeWithInitialWeights() {
    Path graph = folder.resolve("order.onnx");
    Run run = Run.zoo("export", "transformer/compare", "-o", graph.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.err()).contains("no weights were given");
    assertThat(graph).isRegularFile();
  }

  @Test
  void anExportedRunIsEvaluatedWithTheFiguresOfTheRun() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "to be or not to be, that is the question\n".repeat(50));
    String run = folder.resolve("run").toString();
    Run train =
        Run.zoo(
            "train",
            "decoder-tiny",
            "--data",
            "text:" + text,
            "--out",
            run,
            "steps=3",
            "model.width=16",
            "model.layers=1",
            "model.heads=4",
            "model.hidden=32",
            "task.batch=4",
            "task.length=16");
    assertThat(train.exit()).as(train.err()).isZero();

    String file = folder.resolve("model.onnx").toString();
    Run export = Run.zoo("export", run, "-o", file);
    assertThat(export.exit()).as(export.err()).isZero();
    assertThat(export.out()).contains("attention_mask", "max difference", "opset 17");
    assertThat(Run.zoo("export", run, "-o", file).exit()).as("without --force").isEqualTo(2);

    JsonNode engine = json(Run.zoo("eval", run, "--json"));
    JsonNode graph = json(Run.zoo("eval", file, "--engine", "onnxruntime", "--json"));
    assertThat(graph.at("/items")).isEqualTo(engine.at("/items"));
    assertThat(graph.at("/metrics/loss").asDouble())
        .isCloseTo(
            engine.at("/metrics/loss").asDouble(), org.assertj.core.data.Offset.offset(1e-5));

    Run foreign =
        Run.zoo(
            "eval",
            file,
            "--engine",
            "onnxruntime",
            "--as",
            "decoder-tiny",
            "--data",
            "text:" + text,
            "task.length=16",
            "--json");
    assertThat(json(foreign).at("/metrics/loss").asDouble()).isPositive();
    assertThat(Run.zoo("eval", file, "--engine", "tensorflow").err()).contains("onnxruntime");
    assertThat(Run.zoo("eval", text.toString(), "--engine", "onnxruntime").exit()).isEqualTo(2);
  }

  @Test
  void aFileSaysWhatItIs() throws IOException {
    Path file = folder.resolve("nets/eca.onnx");
    Run export = Run.zoo("export", "eca-resnet-cifar-tiny", "-o", file.toString());
    assertThat(export.exit()).as(export.err()).isZero();
    assertThat(export.err()).contains("initial");
    try (OnnxSession session = OnnxSession.open(file)) {
      assertThat(session.metadata())
          .containsKeys("zoo_version", "zoo_run", "license")
          .containsEntry("zoo_model", "eca-resnet-cifar-tiny");
      assertThat(session.inputs()).hasSize(1);
      assertThat(session.inputs().get(0).free()).contains("batch", "height", "width");
    }
    Path fixed = folder.resolve("fixed.onnx");
    Run.zoo("export", "eca-resnet-cifar-tiny", "--fixed-image", "-o", fixed.toString());
    try (OnnxSession session = OnnxSession.open(fixed)) {
      assertThat(session.inputs().get(0).free()).contains("batch").doesNotContain("height");
    }
  }

  @Test
  void whatCannotBeExportedIsRefusedInOneLine() {
    Path file = folder.resolve("titans.onnx");
    Run export = Run.zoo("export", "titans-mac-tiny", "-o", file.toString());
    assertThat(export.exit()).isEqualTo(2);
    assertThat(export.err().lines().toList())
        .last()
        .asString()
        .contains("titans-mac-tiny cannot be exported: ", "follows the sizes");
    assertThat(file).doesNotExist();
    assertThat(Run.zoo("export", "decoder-tiny", "-o", "x", "--format", "tflite").err())
        .contains("onnx is the only one");
  }

  @Test
  void aRecommenderThatIsAskedAfterEachSlotIsRefusedWithWhatToDo() {
    String file = folder.resolve("sasrec.onnx").toString();
    Run export = Run.zoo("export", "sasrec-tiny", "-o", file);
    assertThat(export.exit()).as(export.err()).isZero();
    Run eval =
        Run.zoo(
            "eval",
            file,
            "--engine",
            "onnxruntime",
            "--as",
            "sasrec-tiny",
            "--data",
            "item-order:");
    assertThat(eval.exit()).isEqualTo(2);
    assertThat(eval.err().lines())
        .singleElement()
        .asString()
        .contains("after each slot; give data", "--data interactions:<file>");
  }

  private static JsonNode json(Run run) throws IOException {
    assertThat(run.exit()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }
}
