package org.attentionzoo.models.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.layers.Linear;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightImportTest {

  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static final class Model extends UnaryBlock {
    final Linear body = child("body", new Linear(2, 2));
    final Linear head = child("head", new Linear(2, 3));

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return head.forward(pass, body.forward(pass, x));
    }
  }

  private Map<String, NDArray> state(String prefix) {
    Map<String, NDArray> state = new LinkedHashMap<>();
    state.put(prefix + "body.weight", manager.arange(4f).reshape(2, 2));
    state.put(prefix + "body.bias", manager.ones(new Shape(2)));
    state.put(prefix + "head.weight", manager.arange(6f).reshape(3, 2));
    state.put(prefix + "head.bias", manager.zeros(new Shape(3)));
    return state;
  }

  private WeightImport.Outcome load(Model model, Map<String, NDArray> state, WeightImport rules)
      throws IOException {
    Path file = folder.resolve("x.safetensors");
    SafetensorsWriter.write(file, state, Map.of());
    model.initialize(manager, DataType.FLOAT32);
    try (StoredWeights weights = WeightFiles.open(file)) {
      return rules.load(model, manager, weights);
    }
  }

  @Test
  void takesOffThePrefixWithWhichTheNamesFit() throws IOException {
    for (String prefix : List.of("", "module.", "student.backbone.")) {
      Model model = new Model();
      Map<String, NDArray> state = state(prefix);
      WeightImport.Outcome outcome = load(model, state, WeightImport.strict());
      assertThat(outcome).isEqualTo(new WeightImport.Outcome(prefix, List.of(), List.of()));
      assertThat(StateDict.of(model).get("body.weight").getArray().toFloatArray())
          .containsExactly(0, 1, 2, 3);
    }
  }

  @Test
  void listsWhatDoesNotFitUnlessItIsAllowed() throws IOException {
    Map<String, NDArray> state = state("model.");
    state.remove("model.head.bias");
    state.put("model.head.weight", manager.zeros(new Shape(2, 2)));
    state.put("ema.decay", manager.ones(new Shape(1)));
    assertThatThrownBy(() -> load(new Model(), state, WeightImport.strict()))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("missing head.bias")
        .hasMessageContaining("misshapen head.weight: (2, 2) where (3, 2) is expected")
        .hasMessageContaining("unexpected ema.decay");
    state.remove("model.head.weight");
    WeightImport rules = new WeightImport(null, List.of("head.*"), List.of("ema.*"));
    WeightImport.Outcome outcome = load(new Model(), state, rules);
    assertThat(outcome.prefix()).isEqualTo("model.");
    assertThat(outcome.missing()).containsExactly("head.weight", "head.bias");
    assertThat(outcome.extra()).containsExactly("ema.decay");
    assertThatThrownBy(
            () -> load(new Model(), state, new WeightImport("other.", List.of(), List.of())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("begins with 'other.'");
    // Names that fit as they are do not make a prefix true that none of them has.
    assertThatThrownBy(
            () -> load(new Model(), state(""), new WeightImport("modle.", List.of(), List.of())))
        .hasMessageContaining("no name in")
        .hasMessageContaining("begins with 'modle.'");
  }

  @Test
  void refusesPatternsThatAllowNothing() {
    assertThatThrownBy(
            () ->
                load(new Model(), state(""), new WeightImport(null, List.of("haed.*"), List.of())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the model has none");
  }

  @Test
  void opensShardsAndFoldersAndRefusesWhatDisagrees() throws IOException {
    List<SafetensorsWriter.Entry> entries =
        state("").entrySet().stream()
            .map(e -> SafetensorsWriter.entry(e.getKey(), e.getValue(), TensorType.F32))
            .toList();
    List<Path> files = SafetensorsWriter.writeSharded(folder, entries, Map.of("format", "pt"), 25);
    assertThat(files.stream().map(f -> f.getFileName().toString()))
        .containsExactly(
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors",
            "model.safetensors.index.json");
    Path index = files.get(3);
    String text = Files.readString(index);
    assertThat(text).contains("\"total_size\" : 60");
    try (StoredWeights weights = WeightFiles.open(folder)) {
      assertThat(weights).isInstanceOf(ShardedWeights.class);
      assertThat(weights.metadata()).isEqualTo(Map.of("format", "pt"));
      assertThat(weights.notes()).isEmpty();
      assertThat(WeightImport.fits(new Model(), weights)).isTrue();
      assertThat(weights.read(manager, "head.weight").toFloatArray())
          .containsExactly(0, 1, 2, 3, 4, 5);
    }
    refusesIndex(text.replace("model-00002", "../model-00002"), "one in the same folder");
    refusesIndex(text.replace("model-00002", "model-00009"), "which is not there");
    refusesIndex(
        text.replace("head.weight\" : \"model-00002", "head.weight\" : \"model-00001"),
        "does not hold");
    refusesIndex(text.replaceFirst("\"body.bias.*\\R", ""), "does not list");
    refusesIndex(text.replace("weight_map", "weights"), "no weight_map");
    refusesIndex(text.replaceFirst("\"body.bias", "\"body.weight"), "Duplicate field");
    Files.writeString(index, text.replace("60", "61"));
    try (StoredWeights weights = WeightFiles.open(index)) {
      assertThat(weights.notes())
          .containsExactly("the index announces 61 bytes, the files have 60");
    }
  }

  private void refusesIndex(String text, String message) throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(index, text);
    assertThatThrownBy(() -> WeightFiles.open(folder).close())
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining(message);
  }
}
