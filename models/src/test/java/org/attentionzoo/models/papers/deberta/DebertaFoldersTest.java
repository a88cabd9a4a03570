package org.attentionzoo.models.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.huggingface.HuggingFaceFolder;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.StateDictSaver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DebertaFoldersTest {

  private static final String CONFIG =
      """
      {"model_type": "deberta-v2", %s "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
       "hidden_dropout_prob": 0.1, "hidden_size": 8, "initializer_range": 0.02,
       "intermediate_size": 16, "max_position_embeddings": 32, "relative_attention": true,
       "position_buckets": 4, "norm_rel_ebd": "layer_norm", "share_att_key": true,
       "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "max_relative_positions": -1,
       "position_biased_input": false, "num_attention_heads": 2, "num_hidden_layers": 2,
       "type_vocab_size": 0, "vocab_size": 13,
       "id2label": {"0": "no", "1": "yes", "2": "perhaps"}}
      """;

  @TempDir private Path folder;

  private HuggingFaceFolder open(String architecture) throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        CONFIG.formatted(
            architecture.isEmpty() ? "" : "\"architectures\": [\"" + architecture + "\"],"));
    return HuggingFaceFolder.open(Papers.load(), folder);
  }

  private static <C extends Record> ZooBlock build(
      org.attentionzoo.models.ModelEntry<C> entry, Record config) {
    return entry.factory().apply(entry.configType().cast(config));
  }

  @ParameterizedTest
  @CsvSource({
    "'', deberta",
    "DebertaV2ForMaskedLM, deberta",
    "DebertaV2ForSequenceClassification, deberta-classifier"
  })
  void choosesTheModelAndLoadsItsWeights(String architecture, String name) throws IOException {
    HuggingFaceFolder opened = open(architecture);
    assertThat(opened.entry().name()).isEqualTo(name);
    assertThat(opened.labels()).containsExactly("no", "yes", "perhaps");
    try (NDManager manager = NDManager.newBaseManager()) {
      JniUtils.setSeed(4);
      ZooBlock original = build(opened.entry(), opened.config());
      original.initialize(manager, DataType.FLOAT32);
      Map<String, NDArray> weights = new LinkedHashMap<>(StateDictSaver.arrays(original));
      SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of());
      ZooBlock loaded = opened.load(manager);
      assertThat(run(loaded, manager)).isEqualTo(run(original, manager));
      weights.keySet().removeIf(key -> key.endsWith("dense.bias") && !key.contains("encoder"));
      weights.remove("classifier.bias");
      SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of());
      assertThatThrownBy(() -> opened.load(manager))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("lacks parameters of the model");
    }
  }

  private static float[] run(ZooBlock model, NDManager manager) {
    try (GradientMode ignored = GradientMode.off()) {
      NDArray ids = manager.create(new long[] {1, 5, 7, 2}, new Shape(1, 4));
      return model
          .forward(Pass.inference(new ParameterStore(manager, false)), new NDList(ids))
          .head()
          .toFloatArray();
    }
  }

  @Test
  void refusesHeadsThatTheZooHasNoModelFor() {
    assertThatThrownBy(() -> open("DebertaV2ForQuestionAnswering"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("DebertaV2ForQuestionAnswering");
  }
}
