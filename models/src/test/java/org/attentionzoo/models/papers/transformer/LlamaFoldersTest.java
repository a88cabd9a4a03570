package org.attentionzoo.models.papers.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.huggingface.HuggingFaceFolder;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders with random weights, compared with loops over doubles. */
class LlamaFoldersTest {

  private static final String LLAMA =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 17,
       "hidden_size": 8, "intermediate_size": 11, "num_hidden_layers": 3,
       "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
       "max_position_embeddings": 64, "rope_theta": 500.0, "hidden_act": "silu",
       "attention_bias": false, "mlp_bias": false, "attention_dropout": 0.0,
       "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2,
       "initializer_range": 0.02, "pretraining_tp": 1, "rope_scaling": null,
       "torch_dtype": "bfloat16", "transformers_version": "4.45.0", "use_cache": true}
      """;

  private static final long[] TOKENS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 16, 0, 11, 12};

  @TempDir private Path folder;
  private NDManager manager;
  private final Map<String, float[]> weights = new LinkedHashMap<>();

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private HuggingFaceFolder folder(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
    return HuggingFaceFolder.open(Papers.load(), folder);
  }

  /** Random weights of the shapes that Hugging Face's class has. */
  private void write(LlamaModelConfig c, boolean outputBias, Map<String, float[]> extra)
      throws IOException {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    put(arrays, "model.embed_tokens.weight", c.vocabulary(), c.width());
    for (int i = 0; i < c.layers(); i++) {
      String layer = "model.layers." + i + ".";
      int inner = c.heads() * c.headWidth();
      int grouped = c.keyValueHeads() * c.headWidth();
      put(arrays, layer + "self_attn.q_proj.weight", inner, c.width());
      put(arrays, layer + "self_attn.k_proj.weight", grouped, c.width());
      put(arrays, layer + "self_attn.v_proj.weight", grouped, c.width());
      put(arrays, layer + "self_attn.o_proj.weight", c.width(), inner);
      if (c.bias()) {
        put(arrays, layer + "self_attn.q_proj.bias", inner);
        put(arrays, layer + "self_attn.k_proj.bias", grouped);
        put(arrays, layer + "self_attn.v_proj.bias", grouped);
        if (outputBias) {
          put(arrays, layer + "self_attn.o_proj.bias", c.width());
        }
      }
      put(arrays, layer + "mlp.gate_proj.weight", c.hidden(), c.width());
      put(arrays, layer + "mlp.up_proj.weight", c.hidden(), c.width());
      put(arrays, layer + "mlp.down_proj.weight", c.width(), c.hidden());
      put(arrays, layer + "input_layernorm.weight", c.width());
      put(arrays, layer + "post_attention_layernorm.weight", c.width());
    }
    put(arrays, "model.norm.weight", c.width());
    if (!c.tied()) {
      put(arrays, "lm_head.weight", c.vocabulary(), c.width());
    }
    extra.forEach((name, values) -> arrays.put(name, manager.create(values)));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), arrays, Map.of());
  }

  private void put(Map<String, NDArray> arrays, String name, long... shape) {
    Random random = new Random(name.hashCode());
    float[] values = new float[(int) new Shape(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * 0.7f + (name.contains("norm") ? 1 : 0);
    }
    weights.put(name, values);
    arrays.put(name, manager.create(values, new Shape(shape)));
  }

  private double[] run(ZooBlock model, Pass pass, long... tokens) {
    try (GradientMode ignored = GradientMode.off()) {
      NDArray ids = manager.create(tokens, new Shape(1, tokens.length));
      return model
          .forward(pass, new NDList(ids))
          .head()
          .toType(DataType.FLOAT64, false)
          .toDoubleArray();
    }
  }

  private void assertEqualsLoops(HuggingFaceFolder opened, LlamaLoops.Frequency frequency) {
    LlamaModelConfig config = (LlamaModelConfig) opened.config();
    double[][] expected = new LlamaLoops(config, weights, frequency).run(TOKENS);
    for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
      // Angles are float32 in both.
      double tolerance = type == DataType.FLOAT64 ? 1e-5 : 1e-4;
      ZooBlock model = opened.load(manager, type);
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      assertClose(run(model, pass, TOKENS), expected, 0, tolerance);
      assertClose(run(model, pass.onPlainPath(), TOKENS), expected, 0, tolerance);
      try (DecodeCache cache = new DecodeCache(manager)) {
        int from = 0;
        for (int piece : new int[] {1, 7, 1, 1, 8}) {
          long[] tokens = Arrays.copyOfRange(TOKENS, from, from + piece);
          assertClose(run(model, pass.with(cache), tokens), expected, from, tolerance);
          from += piece;
        }
      }
    }
  }

  private static void assertClose(
      double[] actual, double[][] expected, int from, double tolerance) {
    int width = expected[0].length;
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double one = expected[from + i / width][i % width];
      worst = Math.max(worst, Math.abs(actual[i] - one) / Math.max(1, Math.abs(one)));
    }
    assertThat(worst).isLessThan(tolerance);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "rope_theta | 500.0 | \"rope_theta\": 500.0",
        "grouped | 2 | \"num_key_value_heads\": 1",
        "all heads | 2 | \"num_key_value_heads\": 4",
        "wide heads | 2 | \"num_key_value_heads\": 2, \"head_dim\": 6",
        "tied | false | \"tie_word_embeddings\": true",
        "bias | false | \"attention_bias\": true",
        "epsilon | 1e-5 | \"rms_norm_eps\": 0.3",
      })
  void equalsTheEquations(String label, String old, String now) throws IOException {
    String field = now.substring(0, now.indexOf(':'));
    String json = LLAMA.replaceFirst(field + ": " + old.replace(".", "\\."), now);
    assertThat(json).contains(now);
    HuggingFaceFolder opened = folder(json);
    write((LlamaModelConfig) opened.config(), true, Map.of());
    assertEqualsLoops(opened, f -> f);
  }

  @Test
  void mistralHasAWindow() throws IOException {
    HuggingFaceFolder opened =
        folder(
            LLAMA
                .replace("llama", "mistral")
                .replace("\"use_cache\"", "\"sliding_window\": 4, \"use_cache\""));
    LlamaModelConfig config = (LlamaModelConfig) opened.config();
    assertThat(config.window()).isEqualTo(4);
    write(config, true, Map.of());
    assertEqualsLoops(opened, f -> f);
  }

  @Test
  void qwenHasNoBiasAtTheOutput() throws IOException {
    HuggingFaceFolder opened =
        folder(
            LLAMA
                .replace("llama", "qwen2")
                .replace(
                    "\"use_cache\"",
                    "\"sliding_window\": 32, \"use_sliding_window\": false, \"use_cache\""));
    LlamaModelConfig config = (LlamaModelConfig) opened.config();
    assertThat(opened.ignored()).containsKeys("sliding_window", "torch_dtype");
    write(config, false, Map.of());
    assertEqualsLoops(opened, f -> f);
  }

  @Test
  void slowsFrequenciesDownAsLlama3Does() throws IOException {
    HuggingFaceFolder opened =
        folder(
            LLAMA
                .replace(
                    "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 2, \"head_dim\": 16")
                .replace(
                    "\"rope_scaling\": null",
                    """
                    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                      "high_freq_factor": 4.0, "original_max_position_embeddings": 30}
                    """));
    write((LlamaModelConfig) opened.config(), true, Map.of());
    int[] kinds = new int[3];
    assertEqualsLoops(
        opened,
        f -> {
          double wavelength = 2 * Math.PI / f;
          if (wavelength > 30 / 1.0) {
            kinds[0]++;
            return f / 8;
          }
          if (wavelength < 30 / 4.0) {
            kinds[1]++;
            return f;
          }
          kinds[2]++;
          double smooth = (30 / wavelength - 1) / (4 - 1);
          return (1 - smooth) * f / 8 + smooth * f;
        });
    assertThat(kinds).as("slow, fast and mixed frequencies").doesNotContain(0);
  }

  @Test
  void dividesFrequencies() throws IOException {
    HuggingFaceFolder opened =
        folder(
            LLAMA.replace(
                "\"rope_scaling\": null",
                "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.5}"));
    write((LlamaModelConfig) opened.config(), true, Map.of());
    assertEqualsLoops(opened, f -> f / 2.5);
  }

  @Test
  void passesOverFrequenciesOfOldFilesAndTakesATiedHeadTwice() throws IOException {
    HuggingFaceFolder opened =
        folder(LLAMA.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));
    LlamaModelConfig config = (LlamaModelConfig) opened.config();
    write(config, true, Map.of("model.layers.0.self_attn.rotary_emb.inv_freq", new float[] {1}));
    assertEqualsLoops(opened, f -> f);
  }

  @Test
  void listsEveryTensorThatDoesNotFit() throws IOException {
    HuggingFaceFolder opened = folder(LLAMA);
    write((LlamaModelConfig) opened.config(), true, Map.of("model.extra", new float[] {1}));
    HuggingFaceFolder wider =
        folder(LLAMA.replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"));
    assertThatThrownBy(() -> wider.load(manager))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("model.safetensors")
        .hasMessageContaining("missing layers.3.attention.q_proj.weight")
        .hasMessageContaining("unexpected extra");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "\"hidden_act\": \"silu\" | \"hidden_act\": \"gelu\" | 'hidden_act' is gelu",
        "\"mlp_bias\": false | \"mlp_bias\": true | 'mlp_bias' is true",
        "\"rope_scaling\": null | \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 2} | yarn",
        "\"rope_scaling\": null | \"rope_scaling\": {\"type\": \"linear\"} | needs the number 'factor'",
        "\"rope_scaling\": null | \"rope_scaling\": {\"typo\": 1} | unknown key 'typo'",
        "\"use_cache\": true | \"quantization_config\": {\"bits\": 4} | quantised weights",
        "\"use_cache\": true | \"logit_scale\": 0.5 | 'logit_scale' is 0.5: unknown",
        "\"use_cache\": true | \"partial_rotary_factor\": 0.5 | turn whole heads",
        "\"hidden_size\": 8, | \"x\": null, | 'hidden_size' is missing",
        "\"hidden_size\": 8, | \"hidden_size\": \"8\", | 'hidden_size' is 8; expected a whole number",
        "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | multiple",
        "LlamaForCausalLM | LlamaForSequenceClassification | LlamaForSequenceClassification",
        "\"model_type\": \"llama\" | \"model_type\": \"lama\" | did you mean 'llama'",
        "\"model_type\": \"llama\", | \"x\": false, | has no model_type",
        "\"vocab_size\": 17 | \"vocab_size\": 17, \"vocab_size\": 18 | no JSON object",
      })
  void refusesWhatItCannotBuild(String old, String now, String message) throws IOException {
    assertThat(LLAMA).contains(old);
    write((LlamaModelConfig) folder(LLAMA).config(), true, Map.of());
    String json = LLAMA.replace(old, now);
    assertThatThrownBy(() -> folder(json).load(manager))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("config.json")
        .hasMessageContaining(message.replace("''", "'"));
  }

  @Test
  void aFolderWithoutWeightsIsRefused() throws IOException {
    HuggingFaceFolder opened = folder(LLAMA);
    assertThatThrownBy(() -> opened.load(manager))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("model.safetensors");
  }
}
