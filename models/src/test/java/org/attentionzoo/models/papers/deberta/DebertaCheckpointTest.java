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
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaMaskedLanguageModel;
import org.attentionzoo.blocks.papers.deberta.DebertaSequenceClassifier;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.WeightsException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebertaCheckpointTest {

  private static final int VOCABULARY = 11;
  private static final int HEADS = 2;
  private static final DebertaConfig VERSION_1 =
      DebertaConfig.version1(8, 2, HEADS)
          .withPositions(16, -1, "c2p|p2c", false, false)
          .withoutDropout();

  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private DebertaMaskedLanguageModel model() {
    DebertaMaskedLanguageModel model = new DebertaMaskedLanguageModel(VOCABULARY, VERSION_1, true);
    model.initialize(manager, DataType.FLOAT32);
    return model;
  }

  private Map<String, NDArray> weights(ZooBlock model) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    StateDict.of(model)
        .forEach(
            (k, p) -> {
              boolean zero = k.endsWith(".key_proj.bias") || k.endsWith(".pos_key_proj.bias");
              NDArray noise = manager.randomNormal(p.getShape());
              weights.put(k, zero ? noise.zerosLike() : noise);
            });
    return weights;
  }

  private List<String> load(ZooBlock model, Map<String, NDArray> weights) {
    Path file = folder.resolve("x.safetensors");
    try {
      SafetensorsWriter.write(file, weights, Map.of());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      return DebertaCheckpoint.load(model, manager, source, HEADS);
    }
  }

  private float[] run(ZooBlock model) {
    NDArray ids = manager.create(new long[] {3, 1, 4, 1, 5, 9}, new Shape(1, 6));
    try (GradientMode ignored = GradientMode.off()) {
      return model
          .forward(Pass.inference(new ParameterStore(manager, false)), new NDList(ids))
          .head()
          .toFloatArray();
    }
  }

  /** As Microsoft's and Hugging Face's first files have it: per head queries, keys and values. */
  private Map<String, NDArray> packed(Map<String, NDArray> weights, String prefix, boolean face) {
    Map<String, NDArray> packed = new LinkedHashMap<>();
    weights.forEach(
        (key, value) -> {
          String name = key.replace("deberta.", prefix);
          int dot = name.lastIndexOf(".query_proj.weight");
          if (dot >= 0) {
            String self = key.substring(0, key.lastIndexOf("query_proj"));
            NDArray all = null;
            for (int head = 0; head < HEADS; head++) {
              for (String part : List.of("query", "key", "value")) {
                NDArray rows =
                    weights.get(self + part + "_proj.weight").get("{}:{}", head * 4, head * 4 + 4);
                all = all == null ? rows : all.concat(rows, 0);
              }
            }
            packed.put(name.replace("query_proj", "in_proj"), all);
          } else if (name.contains(".pos_key_proj.weight")) {
            packed.put(name.replace("pos_key_proj", "pos_proj"), value);
          } else if (name.contains(".pos_query_proj.")) {
            packed.put(name.replace("pos_query_proj", "pos_q_proj"), value);
          } else if (name.endsWith(".query_proj.bias")) {
            packed.put(name.replace("query_proj.bias", "q_bias"), value);
          } else if (name.endsWith(".value_proj.bias")) {
            packed.put(name.replace("value_proj.bias", "v_bias"), value);
          } else if (!name.contains("key_proj") && !name.contains("value_proj.weight")) {
            packed.put(
                face
                    ? name.replace("lm_predictions.lm_head.bias", "cls.predictions.bias")
                        .replace("lm_predictions.lm_head.", "cls.predictions.transform.")
                    : name,
                value);
          }
        });
    return packed;
  }

  @Test
  void everyNamingAndPackingGivesTheSameModel() {
    DebertaMaskedLanguageModel expected = model();
    Map<String, NDArray> weights = weights(expected);
    assertThat(load(expected, weights)).isEmpty();
    float[] outputs = run(expected);
    for (boolean face : new boolean[] {false, true}) {
      for (String prefix : List.of("deberta.", "bert.", "")) {
        DebertaMaskedLanguageModel other = model();
        Map<String, NDArray> packed = packed(weights, prefix, face);
        assertThat(packed).containsKey(prefix + "encoder.layer.0.attention.self.in_proj.weight");
        assertThat(load(other, packed)).isEmpty();
        assertThat(run(other)).containsExactly(outputs);
      }
    }
  }

  @Test
  void theBareEncoderIsLoadedFromAModelWithHeads() {
    DebertaMaskedLanguageModel model = model();
    Map<String, NDArray> weights = weights(model);
    load(model, weights);
    Deberta bare = new Deberta(VOCABULARY, VERSION_1);
    assertThat(load(bare, weights)).isEmpty();
    Map<String, ai.djl.nn.Parameter> loaded = StateDict.of(bare);
    assertThat(loaded.get("encoder.rel_embeddings.weight").getArray().toFloatArray())
        .containsExactly(weights.get("deberta.encoder.rel_embeddings.weight").toFloatArray());
  }

  @Test
  void aNewHeadKeepsItsInitialValuesAndIsNamed() {
    Map<String, NDArray> weights = weights(model());
    DebertaSequenceClassifier classifier =
        new DebertaSequenceClassifier(VOCABULARY, 3, VERSION_1, null);
    assertThat(load(classifier, weights))
        .containsExactlyInAnyOrder(
            "pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias");
  }

  @Test
  void aMissingPartOfTheEncoderIsRefused() {
    Map<String, NDArray> weights = weights(model());
    weights.remove("deberta.encoder.layer.1.output.dense.bias");
    assertThatThrownBy(() -> load(model(), weights))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("missing deberta.encoder.layer.1.output.dense.bias");
  }

  private Path json(String text) throws IOException {
    return Files.writeString(folder.resolve("config.json"), text);
  }

  @Test
  void readsHuggingFacesConfigOfVersion2() throws IOException {
    MaskedLanguageModelConfig config =
        DebertaCheckpoint.config(
            json(
                """
                {"model_type": "deberta-v2", "attention_probs_dropout_prob": 0.2,
                 "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 1536,
                 "initializer_range": 0.02, "intermediate_size": 6144,
                 "max_position_embeddings": 512, "relative_attention": true,
                 "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true,
                 "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7, "conv_kernel_size": 3,
                 "conv_act": "gelu", "max_relative_positions": -1,
                 "position_biased_input": false, "num_attention_heads": 24,
                 "attention_head_size": 64, "num_hidden_layers": 24, "type_vocab_size": 0,
                 "vocab_size": 128100, "pooler_dropout": 0, "torch_dtype": "float16"}
                """));
    assertThat(config.vocabulary()).isEqualTo(128100);
    assertThat(config.enhancedMaskDecoder()).isTrue();
    DebertaConfig preset = DebertaConfig.version2(1536, 24, 24);
    assertThat(config.encoder().attentionDropout()).isEqualTo(0.2);
    assertThat(config.encoder().convolutionActivation()).isEqualTo(DebertaActivation.GELU);
    assertThat(config.encoder().withoutDropout())
        .usingRecursiveComparison()
        .ignoringFields("embeddingWidth")
        .isEqualTo(preset.withoutDropout());
  }

  @Test
  void readsListsAndNullsOfTermsAndSaysWhatIsWrong() throws IOException {
    String start = "{\"model_type\": \"deberta\", \"vocab_size\": 9, \"hidden_size\": 8,";
    String sizes = "\"num_attention_heads\": 2, \"relative_attention\": true";
    assertThat(
            DebertaCheckpoint.config(
                    json(start + sizes + ", \"pos_att_type\": [\"c2p\", \"p2c\"]}"))
                .encoder()
                .positionAttention())
        .isEqualTo("c2p|p2c");
    assertThat(
            DebertaCheckpoint.config(json(start + sizes + ", \"pos_att_type\": null}"))
                .encoder()
                .positionAttention())
        .isEqualTo("none");
    Path unknown = json(start + sizes + ", \"hidden_act\": \"gelu_new\"}");
    assertThatThrownBy(() -> DebertaCheckpoint.config(unknown))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("gelu_new");
    Path other = json("{\"model_type\": \"bert\"}");
    assertThatThrownBy(() -> DebertaCheckpoint.config(other))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'bert'");
    Path broken = json("{\"vocab_size\": ");
    assertThatThrownBy(() -> DebertaCheckpoint.config(broken)).isInstanceOf(UserException.class);
  }
}
