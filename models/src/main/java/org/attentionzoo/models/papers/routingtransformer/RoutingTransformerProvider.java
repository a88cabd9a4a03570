package org.attentionzoo.models.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.papers.routingtransformer.KMeansAttention;
import org.attentionzoo.blocks.papers.routingtransformer.KMeansAttentionConfig;
import org.attentionzoo.blocks.papers.routingtransformer.RoutingConfig;
import org.attentionzoo.blocks.papers.routingtransformer.RoutingConfig.Norm;
import org.attentionzoo.blocks.papers.routingtransformer.RoutingLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** The Routing Transformer: attention within learned clusters of tokens (Roy et al. 2020). */
@AutoService(PaperProvider.class)
public final class RoutingTransformerProvider implements PaperProvider {

  private static final String ID = "routing-transformer";
  private static final double DECAY = 0.999;
  private static final double COMMITMENT = 1e-4;

  /** How many times wider than a token the official feed-forward networks are. */
  private static final int FEED_FORWARD = 4;

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, RoutingConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(256, 128, 4, 4, List.of(4, 4, 2, 2), 256, 32, 32));
    presets.put("enwik8", preset(256, 1024, 12, 8, Collections.nCopies(12, 4), 8192, 512, 256));
    presets.put(
        "wikitext-103", preset(267_735, 1024, 14, 16, Collections.nCopies(14, 8), 4096, 512, 256));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder some of whose heads see a local window, the others the tokens of their cluster",
            RoutingConfig.class,
            presets,
            RoutingLanguageModel::new));
  }

  private static RoutingConfig preset(
      int vocabulary,
      int width,
      int layers,
      int heads,
      List<Integer> localHeads,
      int length,
      int window,
      int localWindow) {
    return new RoutingConfig(
        vocabulary,
        width,
        width,
        layers,
        heads,
        width / heads,
        localHeads,
        length,
        window,
        localWindow,
        1,
        true,
        true,
        1,
        4,
        false,
        Norm.LAYER,
        false,
        false,
        DECAY,
        COMMITMENT,
        0,
        false,
        false);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(attention("attention, shared keys", true, true, 4));
    specimens.add(attention("attention, keys of their own", true, false, 4));
    specimens.add(attention("attention, not causal", false, false, 4));
    Trait[] decodes = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};
    // Clusters that hold every token: what is selected cannot leak, nor differ between pieces.
    specimens.add(
        model("model, everything taken", small(true, true, 16, Norm.LAYER, false), decodes));
    specimens.add(
        model("model, keys of their own", small(true, false, 16, Norm.SCALE, true), decodes));
    specimens.add(model("model", small(true, true, 4, Norm.LAYER, false)));
    specimens.add(model("model, not causal", small(false, false, 4, Norm.REZERO, true)));
    return specimens;
  }

  private static RoutingConfig small(
      boolean causal, boolean shared, int window, Norm norm, boolean shift) {
    return new RoutingConfig(
        11,
        12,
        10,
        2,
        3,
        4,
        List.of(1, 2),
        16,
        window,
        4,
        1,
        causal,
        shared,
        1,
        2,
        shift,
        norm,
        shift,
        false,
        DECAY,
        COMMITMENT,
        0,
        false,
        false);
  }

  private static Specimen model(String label, RoutingConfig config, Trait... traits) {
    return Specimen.of(
        ID + "/" + label,
        ID,
        () -> new RoutingLanguageModel(config),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        traits);
  }

  private static Specimen attention(String label, boolean causal, boolean shared, int window) {
    KMeansAttentionConfig config =
        new KMeansAttentionConfig(
            3, window, 2, 4, causal, shared, 1, DECAY, COMMITMENT, 0, false, false);
    return Specimen.of(
        ID + "/" + label,
        ID,
        () -> new KMeansAttention(config),
        (m, batch, length) -> {
          NDArray x = m.randomNormal(new Shape(3, batch, 2, length, 4));
          return new NDList(x.get(0), shared ? x.get(0) : x.get(1), x.get(2));
        });
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(
            "routing-transformer/kmeans-attention", RoutingTransformerProvider::golden),
        new GoldenTarget("routing-transformer/lm", RoutingTransformerProvider::model));
  }

  /**
   * {@code KmeansAttention(num_clusters, window_size, num_heads, head_dim, causal=False,
   * dropout=0., ema_decay=0.999, commitment=1e-4, context_window_size=None, receives_context=False,
   * num_mem_kv=0, shared_qk=False)}.
   */
  private static GoldenTarget.Case golden(GoldenConfig config) {
    // The window on a context is read only where there is one.
    config.ignore("dropout", "context_window_size");
    refuse(config, "receives_context");
    KMeansAttention block =
        new KMeansAttention(
            new KMeansAttentionConfig(
                config.integer("num_clusters"),
                config.integer("window_size"),
                config.integer("num_heads"),
                config.integer("head_dim"),
                config.flag("causal", false),
                config.flag("shared_qk", false),
                config.integer("num_mem_kv", 0),
                config.decimal("ema_decay", DECAY),
                config.decimal("commitment", COMMITMENT),
                0,
                true,
                false));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          if (inputs.containsKey("key_mask")) {
            throw new IllegalArgumentException(
                "input 'key_mask' is given; keys of their own need receives_context, which is not"
                    + " built: give query_mask alone, which counts for keys too");
          }
          KMeansAttention.Clustered result =
              block.attend(
                  pass,
                  inputs.get("q"),
                  inputs.get("k"),
                  inputs.get("v"),
                  inputs.get("query_mask"));
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", result.output());
          outputs.put("aux_loss", result.loss());
          outputs.put(
              "updated_means", StateDict.of(block).get("kmeans.means").getArray().duplicate());
          return outputs;
        });
  }

  /** {@code RoutingTransformerLM(num_tokens, dim, depth, max_seq_len, ...)}. */
  private static GoldenTarget.Case model(GoldenConfig config) {
    config.ignore(
        "attn_dropout",
        "ff_dropout",
        "attn_layer_dropout",
        "layer_dropout",
        "ff_chunks",
        "moe_loss_coef",
        "moe_num_experts",
        "pkm_num_keys",
        "use_absolute_pos_emb",
        // Local heads have rotary positions whatever it says, since they are told the head's width.
        "rel_pos_emb",
        // The official model takes these two and does not pass them on.
        "ff_mult",
        "commitment_factor",
        "_register_kmeans_update",
        "context_shared_qk",
        "context_window_size");
    for (String key :
        List.of(
            "reversible",
            "weight_tie",
            "return_embeddings",
            "receives_context",
            "ff_activation",
            "pkm_layers",
            "moe_layers")) {
      refuse(config, key);
    }
    int width = config.integer("dim");
    int layers = config.integer("depth");
    int heads = config.integer("heads", 8);
    int window = config.integer("window_size", 64);
    boolean causal = config.flag("causal", false);
    List<Integer> local =
        config.get("n_local_attn_heads", 0) instanceof List<?>
            ? config.integers("n_local_attn_heads", List.of())
            : Collections.nCopies(layers, config.integer("n_local_attn_heads", 0));
    Norm norm =
        config.flag("use_rezero", false)
            ? Norm.REZERO
            : config.flag("use_scale_norm", false) ? Norm.SCALE : Norm.LAYER;
    config.ignore("use_scale_norm");
    RoutingLanguageModel block =
        new RoutingLanguageModel(
            new RoutingConfig(
                config.integer("num_tokens"),
                width,
                config.integer("emb_dim", width),
                layers,
                heads,
                config.integer("dim_head", 64),
                local,
                config.integer("max_seq_len"),
                window,
                config.integer("local_attn_window_size", window),
                config.integer("local_attn_radius_blocks", 1),
                causal,
                config.flag("shared_qk", causal),
                config.integer("num_mem_kv", 0),
                FEED_FORWARD,
                config.flag("ff_glu", false),
                norm,
                config.flag("shift_tokens", false),
                config.flag("tie_embedding", false),
                config.decimal("kmeans_ema_decay", DECAY),
                COMMITMENT,
                0,
                true,
                false));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList given = new NDList(inputs.get("x"));
          if (inputs.containsKey("input_mask")) {
            given.add(inputs.get("input_mask"));
          }
          NDList result = block.withLoss(pass, given);
          return Map.of("logits", result.get(0), "aux_loss", result.get(1).reshape(1));
        });
  }

  private static void refuse(GoldenConfig config, String key) {
    Object value = config.get(key, null);
    if (value != null
        && !Boolean.FALSE.equals(value)
        && !(value instanceof List<?> list && list.isEmpty())) {
      throw new IllegalArgumentException("config key '" + key + "' is " + value + "; not built");
    }
  }
}
