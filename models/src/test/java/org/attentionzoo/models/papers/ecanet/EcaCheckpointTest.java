package org.attentionzoo.models.papers.ecanet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention.Kind;
import org.attentionzoo.blocks.vision.MobileNetV2;
import org.attentionzoo.blocks.vision.ResNet;
import org.attentionzoo.blocks.vision.ResNetConfig;
import org.attentionzoo.blocks.vision.ResidualUnit.Form;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.WeightFiles;
import org.attentionzoo.models.weights.WeightImport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints that are laid out as the official training code saves them. */
class EcaCheckpointTest {

  @TempDir private Path folder;

  private static UnaryBlock resNet() {
    return new ResNet(
        new ResNetConfig(ResNetConfig.Stem.LARGE, Form.BOTTLENECK, List.of(1, 2, 1, 1), 4, 3, 5),
        new ChannelAttention(Kind.ECA, "3557"));
  }

  private static UnaryBlock mobileNet() {
    return new MobileNetV2(0.125, 3, 5, 0, new ChannelAttention(Kind.ECA, "1111333"));
  }

  private static Map<String, NDArray> state(UnaryBlock block, String prefix) {
    Map<String, NDArray> state = new LinkedHashMap<>();
    StateDict.of(block).forEach((name, value) -> state.put(prefix + name, value.getArray()));
    return state;
  }

  @Test
  void dataParallelCheckpointsGiveTheSameLogitsAndCounters() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.randomNormal(new Shape(2, 3, 37, 33));
      for (List<UnaryBlock> pair :
          List.of(List.of(resNet(), resNet()), List.of(mobileNet(), mobileNet()))) {
        UnaryBlock saved = pair.get(0);
        UnaryBlock loaded = pair.get(1);
        saved.initialize(manager, DataType.FLOAT32);
        // Moves the running statistics and counters, so that they are told apart from fresh ones.
        for (int step = 0; step < 3; step++) {
          saved.forward(Pass.training(new ParameterStore(manager, false)), x);
        }
        Map<String, NDArray> state = state(saved, "module.");
        Path file = folder.resolve("checkpoint.safetensors");
        SafetensorsWriter.write(file, state, Map.of());
        loaded.initialize(manager, DataType.FLOAT32);
        try (StoredWeights weights = WeightFiles.open(file)) {
          WeightImport.Outcome outcome = WeightImport.strict().load(loaded, manager, weights);
          assertThat(outcome).isEqualTo(new WeightImport.Outcome("module.", List.of(), List.of()));
        }
        StateDict.of(loaded)
            .forEach(
                (name, value) -> {
                  assertThat(value.getArray().toByteBuffer())
                      .as(name)
                      .isEqualTo(state.get("module." + name).toByteBuffer());
                  if (name.endsWith("num_batches_tracked")) {
                    assertThat(value.getArray().getDataType()).isEqualTo(DataType.INT64);
                    assertThat(value.getArray().getLong()).isEqualTo(3);
                  }
                });
        Pass pass = Pass.inference(new ParameterStore(manager, false));
        assertThat(loaded.forward(pass, x).toFloatArray())
            .isEqualTo(saved.forward(pass, x).toFloatArray());
      }
    }
  }

  @Test
  void aGateOfAnotherSizeAndAMissingGateAreNamed() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      UnaryBlock saved = resNet();
      saved.initialize(manager, DataType.FLOAT32);
      String gate = "module.layer2.1.eca.conv.weight";
      Map<String, NDArray> state = state(saved, "module.");
      state.put(gate, manager.zeros(new Shape(1, 1, 3)));
      refused(manager, state);
      state.remove(gate);
      refused(manager, state);
    }
  }

  private void refused(NDManager manager, Map<String, NDArray> state) throws IOException {
    Path file = folder.resolve("wrong.safetensors");
    SafetensorsWriter.write(file, state, Map.of());
    UnaryBlock loaded = resNet();
    loaded.initialize(manager, DataType.FLOAT32);
    try (StoredWeights weights = WeightFiles.open(file)) {
      assertThatThrownBy(() -> WeightImport.strict().load(loaded, manager, weights))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("layer2.1.eca.conv.weight");
    }
  }
}
