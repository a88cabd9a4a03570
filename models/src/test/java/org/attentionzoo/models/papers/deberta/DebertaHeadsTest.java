package org.attentionzoo.models.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.WeightsException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names and shapes of Hugging Face's and Microsoft's classes, written down one by one. */
final class DebertaHeadsTest {

  private static final int D = 8;
  private static final int V = 11;
  private static final int HIDDEN = 16;
  private static final int SPAN = 4;
  private static final int CLASSES = 3;

  @TempDir Path folder;
  private NDManager manager;
  private final Map<String, NDArray> tensors = new LinkedHashMap<>();

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private void add(String name, long... shape) {
    tensors.put(name, manager.randomNormal(new Shape(shape)));
  }

  private void linear(String name, long out, long in) {
    add(name + ".weight", out, in);
    add(name + ".bias", out);
  }

  private void norm(String name) {
    add(name + ".weight", D);
    add(name + ".bias", D);
  }

  /** An encoder of two layers; version 1 with its packed projections. */
  private void encoder(String prefix, boolean version1, boolean convolution) {
    add(prefix + "embeddings.word_embeddings.weight", V, D);
    norm(prefix + "embeddings.LayerNorm");
    for (int i = 0; i < 2; i++) {
      String layer = prefix + "encoder.layer." + i;
      String self = layer + ".attention.self.";
      if (version1) {
        add(self + "in_proj.weight", 3 * D, D);
        add(self + "q_bias", D);
        add(self + "v_bias", D);
        add(self + "pos_proj.weight", D, D);
        linear(self + "pos_q_proj", D, D);
      } else {
        linear(self + "query_proj", D, D);
        linear(self + "key_proj", D, D);
        linear(self + "value_proj", D, D);
      }
      linear(layer + ".attention.output.dense", D, D);
      norm(layer + ".attention.output.LayerNorm");
      linear(layer + ".intermediate.dense", HIDDEN, D);
      linear(layer + ".output.dense", D, HIDDEN);
      norm(layer + ".output.LayerNorm");
    }
    add(prefix + "encoder.rel_embeddings.weight", 2 * (version1 ? 2 * SPAN : SPAN), D);
    if (!version1) {
      norm(prefix + "encoder.LayerNorm");
    }
    if (convolution) {
      add(prefix + "encoder.conv.conv.weight", D, D, 3);
      add(prefix + "encoder.conv.conv.bias", D);
      norm(prefix + "encoder.conv.LayerNorm");
    }
  }

  private DebertaConfigFile config(String name, boolean version1, boolean convolution) {
    String json =
        """
        {"model_type": "%s", "architectures": ["%s"], "vocab_size": 11, "hidden_size": 8,
         "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
         "max_position_embeddings": 8, "relative_attention": true, "pos_att_type": "p2c|c2p",
         "position_biased_input": false, "num_labels": 3 %s}
        """
            .formatted(
                version1 ? "deberta" : "deberta-v2",
                name,
                (version1
                        ? ""
                        : ", \"position_buckets\": 4, \"share_att_key\": true,"
                            + " \"norm_rel_ebd\": \"layer_norm\"")
                    + (convolution ? ", \"conv_kernel_size\": 3" : ""));
    try {
      return DebertaConfigFile.read(Files.writeString(folder.resolve("config.json"), json));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Loads all tensors; every parameter must come from them, and every one must have arrived. */
  private void loadsStrictly(ZooBlock model, int zeros) {
    Path file = folder.resolve("model.safetensors");
    try {
      SafetensorsWriter.write(file, tensors, Map.of());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      assertThat(DebertaCheckpoint.load(model, manager, source, 2)).isEmpty();
    }
    long values = 0;
    for (NDArray tensor : tensors.values()) {
      values += tensor.size();
    }
    double sum = 0;
    for (NDArray tensor : tensors.values()) {
      sum += tensor.square().sum().getFloat();
    }
    double loaded = 0;
    for (Parameter parameter : StateDict.of(model).values()) {
      loaded += parameter.getArray().square().sum().getFloat();
    }
    assertThat(StateDict.countTrainable(model) - zeros).isEqualTo(values);
    assertThat(loaded).isCloseTo(sum, org.assertj.core.data.Offset.offset(1e-3));
  }

  @ParameterizedTest
  @CsvSource({
    "DebertaModel, true, false",
    "DebertaV2Model, false, true",
    "DebertaForMaskedLM, true, false",
    "DebertaV2ForMaskedLM, false, true",
    "DebertaForSequenceClassification, true, false",
    "DebertaV2ForSequenceClassification, false, true",
    "DebertaForTokenClassification, true, false",
    "DebertaV2ForTokenClassification, false, false",
    "DebertaForQuestionAnswering, true, false",
    "DebertaV2ForQuestionAnswering, false, false",
  })
  void huggingFacesNamesLoad(String name, boolean version1, boolean convolution) {
    encoder(name.endsWith("Model") ? "" : "deberta.", version1, convolution);
    if (name.endsWith("ForMaskedLM")) {
      linear("cls.predictions.transform.dense", D, D);
      norm("cls.predictions.transform.LayerNorm");
      add("cls.predictions.bias", V);
    } else if (name.endsWith("ForSequenceClassification")) {
      linear("pooler.dense", D, D);
      linear("classifier", CLASSES, D);
    } else if (name.endsWith("ForTokenClassification")) {
      linear("classifier", CLASSES, D);
    } else if (name.endsWith("ForQuestionAnswering")) {
      linear("qa_outputs", 2, D);
    }
    ZooBlock model = config(name, version1, convolution).build();
    // the masked language model reads a table of positions only with the mask decoder
    loadsStrictly(model, version1 ? 2 * 2 * D : 0);
  }

  @ParameterizedTest
  @CsvSource({"true, deberta.", "false, deberta.", "true, bert.", "false, bert."})
  void microsoftsMaskedLanguageModelLoads(boolean version1, String prefix) {
    encoder(prefix, version1, !version1);
    add(prefix + "embeddings.position_embeddings.weight", 8, D);
    linear("lm_predictions.lm_head.dense", D, D);
    norm("lm_predictions.lm_head.LayerNorm");
    add("lm_predictions.lm_head.bias", V);
    MaskedLanguageModelConfig config =
        config("DebertaModel", version1, !version1).maskedLanguageModel();
    assertThat(config.enhancedMaskDecoder()).isTrue();
    loadsStrictly(
        new org.attentionzoo.blocks.papers.deberta.DebertaMaskedLanguageModel(
            config.vocabulary(), config.encoder(), config.enhancedMaskDecoder()),
        version1 ? 2 * 2 * D : 0);
  }

  @Test
  void microsoftsTokenClassifierLoads() {
    encoder("deberta.", false, false);
    linear("proj", D, D);
    linear("classifier", CLASSES, D);
    loadsStrictly(
        new org.attentionzoo.blocks.papers.deberta.DebertaTokenClassifier(
            V, CLASSES, config("DebertaModel", false, false).encoder(), true),
        0);
  }

  @Test
  void aKeyThatIsTwiceThereIsRefused() {
    encoder("deberta.", false, false);
    add("bert.embeddings.word_embeddings.weight", V, D);
    ZooBlock model = config("DebertaV2ForQuestionAnswering", false, false).build();
    assertThatThrownBy(() -> loadsStrictly(model, 0))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("embeddings.word_embeddings.weight");
  }
}
