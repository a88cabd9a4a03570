package org.attentionzoo.models.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.linear.FixedFeatures;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.papers.based.BaseConvolution;
import org.attentionzoo.blocks.papers.based.BasedConfig;
import org.attentionzoo.blocks.papers.based.BasedConfig.LayerMixer;
import org.attentionzoo.blocks.papers.based.BasedLanguageModel;
import org.attentionzoo.blocks.papers.based.BasedLanguageModel.Biases;
import org.attentionzoo.blocks.papers.based.SlidingAttention;
import org.attentionzoo.blocks.papers.based.SlidingConfig;
import org.attentionzoo.blocks.papers.based.TaylorAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The golden targets of the official repository. */
final class BasedGolden {

  /** So small that a case of a few tokens has several chunks. */
  private static final int CHUNK = 8;

  private static final int HIDDEN_MULTIPLE = 256;

  private BasedGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("based/base-conv", BasedGolden::convolution),
        new GoldenTarget("based/taylor-attention", BasedGolden::taylor),
        new GoldenTarget("based/sliding-attention", BasedGolden::sliding),
        new GoldenTarget("based/gpt", BasedGolden::gpt));
  }

  /** {@code BaseConv(d_model, l_max, kernel_size=3, use_bias=True, expand_proj=2)}. */
  private static GoldenTarget.Case convolution(GoldenConfig config) {
    config.ignore("l_max", "layer_idx", "use_cuda");
    int width = config.integer("d_model");
    BaseConvolution block =
        new BaseConvolution(
            width,
            config.integer("expand_proj", 2) * width / 2,
            config.integer("kernel_size", 3),
            config.flag("use_bias", true),
            Initializers.fanIn(width));
    config.finish();
    return new GoldenTarget.Case(block, (pass, inputs) -> run(block, pass, inputs.get("u")));
  }

  /**
   * {@code LinearAttention(d_model, feature_map, l_max=2048, feature_dim=16, head_dim=None,
   * num_heads=16, eps=1e-12)}.
   */
  private static GoldenTarget.Case taylor(GoldenConfig config) {
    config.ignore("l_max", "layer_idx", "parallel_implementation");
    int width = config.integer("d_model");
    int heads = config.integer("num_heads", 16);
    LinearAttentionConfig mean =
        new LinearAttentionConfig(
            true,
            LinearAttentionConfig.Normaliser.SUM,
            config.decimal("eps", 1e-12),
            List.of(),
            Form.CHUNKED,
            CHUNK);
    TaylorAttention block =
        new TaylorAttention(
            width,
            heads,
            config.integer("feature_dim", 16),
            config.integer("head_dim", width / heads),
            features(config.get("feature_map", null)),
            mean,
            Initializers.fanIn(width));
    config.finish();
    return new GoldenTarget.Case(
        block, (pass, inputs) -> run(block, pass, inputs.get("hidden_states")));
  }

  /** {@code SlidingAttention(embed_dim, num_heads, rotary_emb_dim=0, window_size=128, ...)}. */
  private static GoldenTarget.Case sliding(GoldenConfig config) {
    config.ignore("causal", "dropout", "layer_idx", "use_flash_attn", "fused_bias_fc");
    int width = config.integer("embed_dim");
    int heads = config.integer("num_heads");
    int rotated = config.integer("rotary_emb_dim", 0);
    double base = config.decimal("rotary_emb_base", 10_000);
    Rotary.Layout layout =
        config.flag("rotary_emb_interleaved", false)
            ? Rotary.Layout.INTERLEAVED
            : Rotary.Layout.HALF;
    // The official code takes a scale of 0 for none.
    double scale = config.has("softmax_scale") ? config.decimal("softmax_scale", 0) : 0;
    SlidingConfig sizes =
        new SlidingConfig(
            width,
            heads,
            config.has("num_heads_kv") ? config.integer("num_heads_kv") : heads,
            config.integer("window_size", 128),
            scale == 0 ? 1 / Math.sqrt((double) width / heads) : scale,
            rotated == 0 ? null : new Rotary(layout, base),
            rotated);
    SlidingAttention block =
        new SlidingAttention(
            sizes,
            new boolean[] {config.flag("qkv_proj_bias", true), config.flag("out_proj_bias", true)},
            Initializers.fanIn(width));
    config.finish();
    return new GoldenTarget.Case(block, (pass, inputs) -> run(block, pass, inputs.get("x")));
  }

  /** The reference configurations of {@code GPTLMHeadModel}. */
  private static GoldenTarget.Case gpt(GoldenConfig config) {
    config.ignore(
        "n_positions",
        "resid_pdrop",
        "embd_pdrop",
        "attn_pdrop",
        "residual_in_fp32",
        "fused_bias_fc",
        "use_flash_attn",
        "fused_dropout_add_ln",
        "fused_mlp");
    require(config, "activation_function", "swiglu", "gelu_new");
    require(config, "rms_norm", true, false);
    require(config, "max_position_embeddings", 0, 1024);
    require(config, "rotary_emb_fraction", 1, 0);
    GoldenConfig convolution = part(config, "mixer");
    convolution.ignore("l_max", "use_cuda");
    GoldenConfig linear = part(config, "alt_mixer");
    linear.ignore("l_max", "parallel_implementation");
    GoldenConfig sliding = part(config, "alt_mixer_2");
    sliding.ignore("num_heads", "causal");
    List<Integer> linearLayers = config.integers("alt_mixer_layers", List.of());
    List<Integer> slidingLayers = config.integers("alt_mixer_2_layers", List.of());
    int multiple = config.integer("pad_vocab_size_multiple", 1);
    int width = config.integer("n_embd");
    BasedConfig sizes =
        new BasedConfig(
            up(config.integer("vocab_size"), multiple),
            width,
            IntStream.range(0, config.integer("n_layer"))
                .mapToObj(i -> mixer(i, linearLayers, slidingLayers))
                .toList(),
            up(config.integer("n_inner", 8 * width / 3), HIDDEN_MULTIPLE),
            linear.integer("num_heads", 16),
            linear.integer("feature_dim", 16),
            features(linear.get("feature_map", null)),
            Form.CHUNKED,
            CHUNK,
            config.integer("n_head"),
            sliding.integer("window_size", 128),
            convolution.integer("kernel_size", 3),
            convolution.integer("expand_proj", 2),
            config.decimal("layer_norm_epsilon", 1e-5));
    Biases biases =
        new Biases(
            convolution.flag("use_bias", true),
            config.flag("qkv_proj_bias", true),
            config.flag("out_proj_bias", true),
            config.flag("mlp_fc1_bias", true),
            config.flag("mlp_fc2_bias", true));
    List.of(config, convolution, linear, sliding).forEach(GoldenConfig::finish);
    BasedLanguageModel block = new BasedLanguageModel(sizes, biases);
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("logits", block.forward(pass, new NDList(inputs.get("input_ids"))).head()));
  }

  private static LayerMixer mixer(int layer, List<Integer> linear, List<Integer> sliding) {
    if (sliding.contains(layer)) {
      return LayerMixer.SLIDING;
    }
    return linear.contains(layer) ? LayerMixer.LINEAR : LayerMixer.CONVOLUTION;
  }

  @SuppressWarnings("unchecked")
  private static GoldenConfig part(GoldenConfig config, String key) {
    Object value = config.get(key, Map.of());
    GoldenConfig part = new GoldenConfig((Map<String, Object>) value);
    part.ignore("_target_");
    return part;
  }

  /** What is absent has the official default. */
  private static void require(GoldenConfig config, String key, Object only, Object absent) {
    Object value = config.get(key, absent);
    boolean same =
        value instanceof Number a && only instanceof Number b
            ? a.doubleValue() == b.doubleValue()
            : only.equals(value);
    if (!same) {
      throw new IllegalArgumentException(
          "config key '" + key + "' is " + value + "; only " + only + " is built");
    }
  }

  private static int up(int number, int multiple) {
    return (number + multiple - 1) / multiple * multiple;
  }

  private static FixedFeatures.Kind features(Object map) {
    if (map == null || map.toString().contains("TaylorExp")) {
      return FixedFeatures.Kind.TAYLOR;
    }
    if (map.toString().contains("FeatureMap")) {
      return FixedFeatures.Kind.IDENTITY;
    }
    throw new IllegalArgumentException(
        "feature_map is " + map + "; expected TaylorExp or FeatureMap");
  }

  private static Map<String, NDArray> run(ZooBlock block, Pass pass, NDArray input) {
    return Map.of("output", block.forward(pass, new NDList(input)).head());
  }
}
