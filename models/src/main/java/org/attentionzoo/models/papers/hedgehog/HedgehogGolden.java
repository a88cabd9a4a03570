package org.attentionzoo.models.papers.hedgehog;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.AttentionTransfer;
import org.attentionzoo.blocks.linear.JointFeatures;
import org.attentionzoo.blocks.linear.LearnedFeatures;
import org.attentionzoo.blocks.linear.LearnedFeatures.Activations;
import org.attentionzoo.blocks.linear.LearnedFeatures.Start;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Normaliser;
import org.attentionzoo.blocks.linear.LinearSelfAttention;
import org.attentionzoo.blocks.linear.LinearSelfAttention.Stage;
import org.attentionzoo.blocks.linear.LinearSelfAttention.Transfer;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The golden targets of LoLCATs and of flash-linear-attention. */
final class HedgehogGolden {

  /** So small that a case of a few tokens has several chunks. */
  private static final int CHUNK = 8;

  private HedgehogGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("hedgehog/attention", HedgehogGolden::attention),
        new GoldenTarget("hedgehog/distillation", HedgehogGolden::distillation),
        new GoldenTarget("hedgehog/feature-map-fla", HedgehogGolden::joint));
  }

  /** {@code HedgehogFeatureMap(head_dim)}. */
  private static GoldenTarget.Case joint(GoldenConfig config) {
    JointFeatures block = new JointFeatures(config.integer("head_dim"));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    config.ignore("train_attention", "mse_factor", "xent_factor");
    LinearSelfAttention block = block(config, Stage.LINEAR, 1, 0);
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> Map.of("output", block.mix(pass, hidden(inputs), sequences(inputs))));
  }

  private static GoldenTarget.Case distillation(GoldenConfig config) {
    config.ignore("train_attention");
    LinearSelfAttention block =
        block(
            config,
            Stage.TRANSFER,
            config.decimal("xent_factor", 0),
            config.decimal("mse_factor", 1000));
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          Transfer transfer = block.transfer(pass, hidden(inputs), sequences(inputs));
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", transfer.output());
          outputs.put("attn_pred", transfer.weights());
          outputs.put("attn_true", transfer.teacher());
          outputs.put("y_pred", transfer.outputs());
          outputs.put("y_true", transfer.teacherOutputs());
          outputs.put("loss", transfer.loss());
          return outputs;
        });
  }

  private static NDArray hidden(Map<String, NDArray> inputs) {
    return inputs.get("hidden_states");
  }

  private static Sequences sequences(Map<String, NDArray> inputs) {
    return new Sequences(inputs.get("attention_mask"), inputs.get("position_ids"));
  }

  /** {@code LolcatsLinearAttention} over a Llama attention. */
  private static LinearSelfAttention block(
      GoldenConfig config, Stage stage, double crossEntropy, double meanSquare) {
    config.ignore("fp32_attention", "layer_idx", "max_position_embeddings");
    // Of what stands around a layer, or never read.
    config.ignore("max_layer_idx", "remove_base_attn", "attention_type", "rank");
    config.ignore("track_state_grads", "mask_value");
    if (config.get("rotary_config", null) != null) {
      throw new IllegalArgumentException(
          "rotary_config is "
              + config.get("rotary_config", null)
              + "; expected null: rope_theta says what the rotation is");
    }
    int width = config.integer("hidden_size");
    int heads = config.integer("num_heads");
    int headWidth = config.integer("head_dim", width / heads);
    String kernel = config.text("learned_kernel", null);
    if (kernel != null && !kernel.equals("untied_head_einsum")) {
      throw new IllegalArgumentException(
          "learned_kernel is '" + kernel + "'; expected untied_head_einsum");
    }
    GoldenConfig map = part(config, "feature_map_kwargs");
    GoldenConfig learned = part(config, "learned_kernel_kwargs");
    map.ignore("head_dim_idx");
    learned.ignore("normal_init");
    boolean skip = learned.flag("skip_connection", false);
    LearnedFeatures.Config features =
        new LearnedFeatures.Config(
            heads,
            headWidth,
            learned.integer("feature_dim", headWidth),
            activation(config.text("feature_map", "softmax_dim")),
            map.flag("fullspace", true),
            skip,
            learned.flag("bias", false),
            learned.flag("zero_init", false) ? Start.IDENTITY : Start.DRAWN,
            map.decimal("eps", 1e-12));
    LinearSelfAttention.Config sizes =
        new LinearSelfAttention.Config(
            width,
            heads,
            config.integer("num_key_value_heads", heads),
            headWidth,
            false,
            new Rotary(Rotary.Layout.HALF, config.decimal("rope_theta", 10_000)),
            new LinearAttentionConfig(
                true, Normaliser.SUM, config.decimal("eps", 1e-12), List.of(), Form.CHUNKED, CHUNK),
            stage,
            new AttentionTransfer(crossEntropy, meanSquare),
            1);
    boolean tied = config.flag("tie_qk_kernels", false);
    List.of(config, map, learned).forEach(GoldenConfig::finish);
    LearnedFeatures queries = new LearnedFeatures(features);
    return new LinearSelfAttention(
        sizes, queries, tied ? queries.tied() : new LearnedFeatures(features));
  }

  private static Activations activation(String name) {
    return switch (name) {
      case "softmax_dim" -> Activations.SOFTMAX;
      case "exp_dim" -> Activations.SHIFTED_EXP;
      case "pos_elu" -> Activations.ELU;
      case "relu" -> Activations.RELU;
      default ->
          throw new IllegalArgumentException(
              "feature_map is '" + name + "'; expected softmax_dim, exp_dim, pos_elu or relu");
    };
  }

  @SuppressWarnings("unchecked")
  private static GoldenConfig part(GoldenConfig config, String key) {
    return new GoldenConfig((Map<String, Object>) config.get(key, Map.of()));
  }
}
