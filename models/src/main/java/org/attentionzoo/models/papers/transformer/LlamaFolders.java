package org.attentionzoo.models.papers.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.models.huggingface.HuggingFaceConfig;
import org.attentionzoo.models.huggingface.HuggingFaceModel;
import org.attentionzoo.models.huggingface.HuggingFaceProvider;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.models.weights.TensorInfo;
import org.attentionzoo.models.weights.WeightSource;

/**
 * Folders of Llama, Mistral and Qwen 2 decoders, which differ in which projections have biases and
 * whether there is a window.
 */
@AutoService(HuggingFaceProvider.class)
public final class LlamaFolders implements HuggingFaceProvider {

  private static final String QWEN = "qwen2";
  private static final String MISTRAL = "mistral";
  private static final int MISTRAL_WINDOW = 4096;
  private static final int MISTRAL_GROUPS = 8;
  private static final int QWEN_GROUPS = 32;

  @Override
  public Set<String> modelTypes() {
    return Set.of("llama", MISTRAL, QWEN);
  }

  @Override
  public HuggingFaceModel read(HuggingFaceConfig config) {
    boolean qwen = config.modelType().equals(QWEN);
    boolean mistral = config.modelType().equals(MISTRAL);
    for (String architecture : config.architectures()) {
      if (!architecture.endsWith("ForCausalLM")) {
        throw new UserException(
            config.file()
                + " is of a "
                + architecture
                + "; of Llama-style models only language models (...ForCausalLM) can be loaded");
      }
    }
    int width = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    int headWidth = config.integer("head_dim", heads < 1 ? 0 : width / heads);
    config.expect("hidden_act", "the feed-forward networks are SwiGLU", "silu");
    config.expect("mlp_bias", "the feed-forward networks have no biases", false);
    config.expect("attention_dropout", "attention has no dropout", 0);
    config.expect("quantization_config", "quantised weights cannot be read");
    config.expect("use_sliding_window", "windows in some layers only cannot be built", false);
    config.expect("is_decoder", "the model is a decoder by itself", true, false);
    config.expect("add_cross_attention", "there is no encoder to attend to", false);
    config.expect("is_encoder_decoder", "there is no encoder", false);
    config.ignore("max_window_layers", "acts only with use_sliding_window");
    config.ignore("pad_token_id", "padding is masked, whatever its token");
    config.ignore("rope_interleaved", "Hugging Face's own code does not read it");
    windows(config);
    boolean bias = config.flag("attention_bias", false) || qwen;
    config.expect("partial_rotary_factor", "rotary positions turn whole heads", 1);
    int window = 0;
    if (mistral) {
      window = config.integer("sliding_window", config.has("sliding_window") ? 0 : MISTRAL_WINDOW);
    } else {
      config.ignore("sliding_window", "models of this type see all tokens");
    }
    LlamaModelConfig model =
        new LlamaModelConfig(
            config.integer("vocab_size"),
            width,
            config.integer("num_hidden_layers"),
            config.integer("intermediate_size"),
            config.flag("tie_word_embeddings", false),
            heads,
            config.integer(
                "num_key_value_heads", mistral ? MISTRAL_GROUPS : qwen ? QWEN_GROUPS : heads),
            headWidth,
            bias,
            window,
            base(config),
            scaling(config),
            config.real("rms_norm_eps", 1e-6),
            config.integer("max_position_embeddings", 2048));
    return new HuggingFaceModel(
        "llama", model, (block, manager, source) -> load(block, manager, source, qwen, model));
  }

  /** Newer files say for each layer what it is. */
  private static void windows(HuggingFaceConfig config) {
    if (config.value("layer_types") instanceof List<?> types
        && types.stream().distinct().count() > 1) {
      throw new UserException(
          config.file() + ": layer_types differ between layers; all must be of one kind");
    }
  }

  private static double base(HuggingFaceConfig config) {
    if (config.value("rope_parameters") instanceof Map<?, ?> map
        && map.get("rope_theta") instanceof Number base) {
      return base.doubleValue();
    }
    return config.real("rope_theta", 10_000);
  }

  private static Optional<Rotary.Scaling> scaling(HuggingFaceConfig config) {
    Object given = config.value("rope_scaling");
    given = given == null ? config.value("rope_parameters") : given;
    if (given == null) {
      return Optional.empty();
    }
    if (!(given instanceof Map<?, ?> map)) {
      throw new UserException(config.file() + ": 'rope_scaling' is " + given + ", no object");
    }
    Object type = map.get("rope_type") == null ? map.get("type") : map.get("rope_type");
    Set<String> known =
        Set.of(
            "rope_type",
            "type",
            "rope_theta",
            "factor",
            "low_freq_factor",
            "high_freq_factor",
            "original_max_position_embeddings");
    for (Object key : map.keySet()) {
      if (!known.contains(key)) {
        throw new UserException(
            config.file() + ": 'rope_scaling' has the unknown key '" + key + "'");
      }
    }
    if (type == null || type.equals("default")) {
      return Optional.empty();
    }
    try {
      if (type.equals("linear")) {
        return Optional.of(Rotary.Scaling.linear(number(config, map, "factor")));
      }
      if (type.equals("llama3")) {
        return Optional.of(
            new Rotary.Scaling(
                number(config, map, "factor"),
                number(config, map, "low_freq_factor"),
                number(config, map, "high_freq_factor"),
                number(config, map, "original_max_position_embeddings")));
      }
    } catch (IllegalArgumentException e) {
      throw new UserException(config.file() + ": 'rope_scaling': " + e.getMessage(), e);
    }
    throw new UserException(
        config.file()
            + ": 'rope_scaling' is of the type '"
            + type
            + "'; linear and llama3 can be built");
  }

  private static double number(HuggingFaceConfig config, Map<?, ?> map, String key) {
    if (map.get(key) instanceof Number number) {
      return number.doubleValue();
    }
    throw new UserException(config.file() + ": 'rope_scaling' needs the number '" + key + "'");
  }

  private static List<String> load(
      ZooBlock model,
      NDManager manager,
      WeightSource source,
      boolean qwen,
      LlamaModelConfig config) {
    StateDictLoader.strict()
        .renaming(LlamaFolders::rename)
        .load(model, manager, qwen ? new ZeroBiases(source, config) : source);
    return List.of();
  }

  private static String rename(String name) {
    if (name.endsWith(".rotary_emb.inv_freq")) {
      return null; // older files have what rotary positions compute
    }
    String bare = name.startsWith("model.") ? name.substring("model.".length()) : name;
    return bare.replace(".self_attn.", ".attention.")
        .replace(".input_layernorm.", ".mixer_norm.")
        .replace(".post_attention_layernorm.", ".feed_forward_norm.")
        .replace(".mlp.", ".feed_forward.");
  }

  /** Qwen 2 has biases on queries, keys and values only; the output's are zero. */
  private static final class ZeroBiases implements WeightSource {

    private static final String SUFFIX = ".self_attn.o_proj.bias";

    private final WeightSource source;
    private final Map<String, TensorInfo> tensors;

    ZeroBiases(WeightSource source, LlamaModelConfig config) {
      this.source = source;
      tensors = new LinkedHashMap<>(source.tensors());
      source
          .tensors()
          .forEach(
              (name, info) -> {
                if (name.endsWith(".self_attn.o_proj.weight")) {
                  String bias = name.replace(".self_attn.o_proj.weight", SUFFIX);
                  Shape shape = new Shape(config.width());
                  tensors.put(
                      bias,
                      new TensorInfo(
                          bias, info.type(), shape, 0, shape.size() * info.type().bytes()));
                }
              });
    }

    @Override
    public Map<String, TensorInfo> tensors() {
      return Collections.unmodifiableMap(tensors);
    }

    @Override
    public NDArray read(NDManager manager, String name) {
      TensorInfo info = tensors.get(name);
      return name.endsWith(SUFFIX) && !source.tensors().containsKey(name)
          ? manager.zeros(info.shape(), info.type().dataType())
          : source.read(manager, name);
    }

    @Override
    public String origin() {
      return source.origin();
    }
  }
}
