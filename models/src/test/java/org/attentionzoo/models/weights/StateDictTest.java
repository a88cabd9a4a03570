package org.attentionzoo.models.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDictTest {

  /** A projection there and back with one weight, a norm-like scale and integer buffers. */
  private static final class Tied extends ZooBlock {
    final Linear first;
    final Linear second;
    final Parameter scale;

    Tied() {
      first = child("first", new Linear(4, 4));
      second = child("second", Linear.tiedTo(StateDict.of(first).get("weight")));
      scale = parameter("scale", Initializers.constant(1));
      buffer("steps", Initializers.zeros(DataType.INT64));
      buffer("mask", Initializers.zeros(DataType.BOOLEAN), 2);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = inputs.singletonOrThrow();
      NDArray y = second.forward(pass, first.forward(pass, x));
      return new NDList(y.mul(pass.value(scale, x)));
    }
  }

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

  private Tied initialized() {
    Tied block = new Tied();
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private static Map<String, byte[]> bytes(ZooBlock block) {
    Map<String, byte[]> bytes = new LinkedHashMap<>();
    StateDict.of(block).forEach((k, p) -> bytes.put(k, p.getArray().toByteArray()));
    return bytes;
  }

  private Path save(Map<String, NDArray> tensors) throws IOException {
    Path file = folder.resolve("x.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of());
    return file;
  }

  private void load(ZooBlock block, Path file) {
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      StateDictLoader.strict().load(block, manager, source);
    }
  }

  @Test
  void givesBackEveryBitAndSavesTiedWeightsOnce() throws IOException {
    Tied block = initialized();
    Path file = folder.resolve("x.safetensors");
    StateDictSaver.save(block, file, Map.of("model", "tied"));
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      assertThat(source.tensors())
          .containsOnlyKeys("first.weight", "first.bias", "scale", "steps", "mask");
      assertThat(source.metadata()).containsEntry("model", "tied");
    }
    Tied other = new Tied();
    load(other, file);
    assertThat(bytes(other)).usingRecursiveComparison().isEqualTo(bytes(block));
  }

  @Test
  void loadsIntoTheArraysThatAStoreAlreadyHoldsAndThatReceiveGradients() throws IOException {
    Path file = folder.resolve("x.safetensors");
    StateDictSaver.save(initialized(), file, Map.of());
    Tied block = initialized();
    NDArray weight = StateDict.of(block).get("first.weight").getArray();
    ParameterStore store = new ParameterStore(manager, false);
    NDArray x = manager.randomNormal(new Shape(3, 4));
    block.forward(store, new NDList(x), true);
    load(block, file);
    assertThat(StateDict.of(block).get("first.weight").getArray()).isSameAs(weight);
    try (GradientMode ignored = GradientMode.on()) {
      NDArray loss = block.forward(store, new NDList(x), true).head().sum();
      BackwardPass.from(loss);
    }
    assertThat(weight.hasGradient()).isTrue();
    assertThat(weight.getGradient().abs().sum().getFloat()).isPositive();
    Tied fresh = new Tied();
    load(fresh, file);
    NDArray expected =
        fresh.forward(new ParameterStore(manager, false), new NDList(x), false).head();
    NDArray actual = block.forward(store, new NDList(x), false).head();
    assertThat(actual.toFloatArray()).isEqualTo(expected.toFloatArray());
  }

  @Test
  void takesTiedWeightsUnderBothNamesIfTheyAreEqual() throws IOException {
    Tied block = initialized();
    Map<String, NDArray> tensors = new LinkedHashMap<>(StateDictSaver.arrays(block));
    NDArray weight = tensors.get("first.weight").duplicate();
    weight.set(new ai.djl.ndarray.index.NDIndex("0, 0"), Float.NaN);
    tensors.put("first.weight", weight);
    tensors.put("second.weight", weight);
    Tied other = new Tied();
    load(other, save(tensors));
    assertThat(StateDict.of(other).get("second.weight").getArray().toByteArray())
        .isEqualTo(weight.toByteArray());
    tensors.put("second.weight", weight.add(1));
    Path differing = save(tensors);
    assertThatThrownBy(() -> load(new Tied(), differing))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("first.weight and second.weight are one parameter");
  }

  @Test
  void listsAllThatDoesNotFitAndChangesNothing() throws IOException {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("first.wieght", manager.zeros(new Shape(4, 4)));
    tensors.put("first.bias", manager.zeros(new Shape(5)));
    tensors.put("scale", manager.create(3));
    tensors.put("steps", manager.create(3f));
    tensors.put("mask", manager.zeros(new Shape(2), DataType.BOOLEAN));
    Tied block = initialized();
    Map<String, byte[]> before = bytes(block);
    Path file = save(tensors);
    assertThatThrownBy(() -> load(block, file))
        .isInstanceOf(WeightsException.class)
        .hasMessageStartingWith(file + " does not fit the model: ")
        .hasMessageContaining("missing first.weight; did you mean 'first.wieght'?")
        .hasMessageContaining("unexpected first.wieght; did you mean 'first.weight'?")
        .hasMessageContaining("misshapen first.bias: (5) where (4) is expected")
        .hasMessageContaining("wrong type scale: I32 where float32 is expected")
        .hasMessageContaining("wrong type steps: F32 where int64 is expected");
    assertThat(bytes(block)).usingRecursiveComparison().isEqualTo(before);
  }

  @Test
  void renamesAndPassesOverAndLeavesOut() throws IOException {
    Tied block = initialized();
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    StateDictSaver.arrays(block).forEach((k, v) -> tensors.put("model." + k, v));
    tensors.remove("model.mask");
    tensors.put("optimizer", manager.ones(new Shape(1)));
    tensors.put("model.extra", manager.ones(new Shape(1)));
    Tied other = new Tied();
    try (SafetensorsFile source = SafetensorsFile.open(save(tensors))) {
      StateDictLoader.strict()
          .renaming(k -> k.startsWith("model.") ? k.substring(6) : null)
          .allowingMissing("mask"::equals)
          .allowingExtra("extra"::equals)
          .load(other, manager, source);
    }
    assertThat(bytes(other)).usingRecursiveComparison().isEqualTo(bytes(block));
  }

  @Test
  void roundsFloatingPointTypes() throws IOException {
    Tied block = initialized();
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    StateDictSaver.arrays(block)
        .forEach(
            (k, v) ->
                tensors.put(
                    k, v.getDataType().isFloating() ? v.toType(DataType.FLOAT64, true) : v));
    Tied other = new Tied();
    load(other, save(tensors));
    assertThat(bytes(other)).usingRecursiveComparison().isEqualTo(bytes(block));
  }
}
