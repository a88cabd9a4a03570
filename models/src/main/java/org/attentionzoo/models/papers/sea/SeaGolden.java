package org.attentionzoo.models.papers.sea;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.papers.sea.SeaConfig;
import org.attentionzoo.blocks.papers.sea.SeaConfig.Grouping;
import org.attentionzoo.blocks.papers.sea.SeaCore;
import org.attentionzoo.blocks.papers.sea.SeaCore.Estimate;
import org.attentionzoo.blocks.papers.sea.SeaCore.Sight;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** {@code PerlinAttention(config, perlin_config)}. */
final class SeaGolden {

  /** Of the official state dict: modules that are never run, and constants. */
  private static final Set<String> UNUSED =
      Set.of(
          "v_eye_learned",
          "v_eye_learned_causal",
          "attention_predictor_enc",
          "attention_predictor_enc_head_embd",
          "attention_predictor_enc_per_layer",
          "performer_proj_updater",
          "norm_performer",
          "norm_partial",
          "norm_random",
          "norm");

  private SeaGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(new GoldenTarget("sea-attention/perlin-attention", SeaGolden::attention));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    int heads = config.integer("num_attention_heads");
    int width = config.integer("hidden_size");
    @SuppressWarnings("unchecked")
    GoldenConfig perlin =
        new GoldenConfig((Map<String, Object>) config.get("perlin_config", Map.of()));
    // Of training with low-rank adapters, of other stages, and of what is never read.
    perlin.ignore(
        "layerwise",
        "lora_r",
        "lora_enabled",
        "lora_in_approx_enabled",
        "compile",
        "use_cache",
        "v_eye_length",
        "out_norm",
        "out_add_performer_context",
        "random_lookup_count",
        "reformer_n_hashs",
        "attention_predictor_comp_book_size",
        "attention_predictor_comp_patch_size",
        "attention_predictor_comp_patch_count");
    only(perlin, "attention_predictor_method", "mlp");
    only(perlin, "attention_predictor_backend", "performer");
    only(perlin, "context_output_method", "mix");
    if (perlin.flag("random_lookup", false)) {
      throw new IllegalArgumentException("random_lookup is refused by the official code too");
    }
    boolean flat = perlin.flag("k_flatten", true);
    String grouping = perlin.text("k_flatten_dim", "causal_batch");
    SeaConfig sizes =
        new SeaConfig(
            heads,
            width / heads,
            perlin.flag("causal", false),
            perlin.integer("k", 7),
            perlin.integer("attention_predictor_length", 128),
            perlin.decimal("performer_nb_factor", 1),
            flat ? Grouping.valueOf(grouping.toUpperCase(Locale.ROOT)) : Grouping.QUERY,
            perlin.decimal("k_oversample", 1),
            config.integer("max_position_embeddings", 2048),
            perlin.flag("partial_attention_scaler", true),
            perlin.flag("attention_predictor_enc_per_layer", false));
    perlin.finish();
    config.finish();
    SeaCore core = new SeaCore(sizes);
    Set<String> ours = core.namedChildren().keySet();
    return new GoldenTarget.Case(
        core,
        (pass, inputs) -> run(core, sizes, pass, inputs),
        name -> isUsed(name, ours, sizes.causal()) ? name : null);
  }

  private static boolean isUsed(String name, Set<String> ours, boolean causal) {
    String top = name.contains(".") ? name.substring(0, name.indexOf('.')) : name;
    if (name.endsWith(".weight_mask")) {
      return false;
    }
    return !UNUSED.contains(top)
        || ours.contains(top)
        || causal && top.equals("v_eye_learned_causal");
  }

  private static void only(GoldenConfig config, String key, String value) {
    String given = config.text(key, value);
    if (!value.equals(given)) {
      throw new IllegalArgumentException(
          key + " is '" + given + "'; only '" + value + "' is built");
    }
  }

  private static Map<String, NDArray> run(
      SeaCore core, SeaConfig sizes, Pass pass, Map<String, NDArray> inputs) {
    if (!sizes.causal() && !inputs.containsKey("attention_scores_truth")) {
      throw new IllegalArgumentException(
          "input 'attention_scores_truth' is missing; without it and without causality the official"
              + " dense code does not scale its scores, which its sparse code does: give a"
              + " teacher's scores");
    }
    NDArray q = inputs.get("q");
    NDArray k = inputs.get("k");
    NDArray v = inputs.get("v");
    NDArray mask = inputs.get("attention_mask");
    NDArray valid =
        sizes.causal() ? null : mask.gt(-1).reshape(mask.getShape().get(0), mask.getShape().get(3));
    Sight sight = core.sight(q, k, v, valid);
    Estimate estimate = core.estimate(pass, q, k, v, sight, null);
    NDArray selected = core.selected(pass, estimate, sight);
    NDArray pairs = core.mask(selected, sight, q);
    NDArray context = core.context(pass, q, v, estimate, selected, sight);
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    outputs.put("context_layer", Tensors.joinHeads(context));
    outputs.put("partial_attention_probs", core.weights(pass, q, estimate, pairs, sight));
    outputs.put("partial_attention_mask", pairs.gt(0));
    outputs.put("estimated_attention_probs_m", estimate.weights());
    if (inputs.containsKey("attention_scores_truth")) {
      outputs.put(
          "loss",
          core.loss(
              estimate,
              inputs.get("attention_scores_truth"),
              core.scores(q, k),
              Tensors.joinHeads(context),
              inputs.get("context_layer_truth"),
              sight));
      outputs.put(
          "estimated_attention_probs", core.stretch(estimate.scores().softmax(-1), sight, 0));
    }
    return outputs;
  }
}
