package org.attentionzoo.models.papers.groupeddiffattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.groupeddiffattention.DifferentialAttention;
import org.attentionzoo.blocks.papers.groupeddiffattention.DifferentialLanguageModel;
import org.attentionzoo.blocks.papers.groupeddiffattention.GroupedDifferentialAttention;
import org.attentionzoo.blocks.papers.groupeddiffattention.GroupedDifferentialConfig;
import org.attentionzoo.blocks.papers.groupeddiffattention.PolyNormNetwork;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.groupeddiffattention.GdaConfig.Attention;
import org.attentionzoo.models.papers.groupeddiffattention.GdaConfig.Lambda;
import org.attentionzoo.models.papers.groupeddiffattention.GdaConfig.Network;

/** Grouped Differential Attention (Lim et al. 2025). */
@AutoService(PaperProvider.class)
public final class GroupedDiffAttentionProvider implements PaperProvider {

  private static final String ID = "grouped-diff-attention";
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, GdaConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", tiny(Attention.GROUPED, Lambda.GDA));
    presets.put("tiny-diff", tiny(Attention.DIFFERENTIAL, Lambda.DIFF));
    presets.put("tiny-standard", tiny(Attention.STANDARD, Lambda.GDA));
    presets.put(
        "12.7b",
        new GdaConfig(
            219520,
            4096,
            40,
            16384,
            Attention.GROUPED,
            40,
            8,
            16,
            128,
            500000,
            Lambda.GDA,
            true,
            Network.POLYNORM));
    return List.of(
        new ModelEntry<>(
            "gda",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose groups of heads subtract a shared head of noise",
            GdaConfig.class,
            presets,
            GroupedDiffAttentionProvider::build));
  }

  private static GdaConfig tiny(Attention attention, Lambda lambda) {
    return new GdaConfig(
        256, 128, 4, 256, attention, 8, 2, 4, 16, 10000, lambda, true, Network.POLYNORM);
  }

  private static ZooBlock build(GdaConfig config) {
    return new DifferentialLanguageModel(
        config.vocabulary(),
        config.width(),
        config.layers(),
        config::attention,
        layer -> config.networkBlock());
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(attention("3 to 1", grouped(4, 1, 2, true), 2));
    specimens.add(attention("2 to 1, grouped keys", grouped(12, 4, 4, true), 0));
    specimens.add(attention("1 to 1", grouped(4, 2, 4, true), 1));
    specimens.add(attention("constant factor", grouped(6, 2, 2, false), 3));
    specimens.add(mixer("differential", () -> new DifferentialAttention(16, 1, 2, 1)));
    specimens.add(
        Specimen.of(
            "grouped-diff-attention/polynorm network",
            ID,
            () -> new PolyNormNetwork(16, 20),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 16))),
            Trait.CAUSAL));
    for (Attention attention : Attention.values()) {
      GdaConfig config =
          new GdaConfig(
              11,
              16,
              2,
              24,
              attention,
              4,
              1,
              2,
              4,
              10000,
              Lambda.GDA,
              true,
              attention == Attention.STANDARD ? Network.SWIGLU : Network.POLYNORM);
      specimens.add(
          Specimen.of(
              "grouped-diff-attention/decoder, "
                  + attention.name().toLowerCase(java.util.Locale.ROOT),
              ID,
              () -> build(config),
              (m, batch, length) ->
                  new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
              DECODES));
    }
    return specimens;
  }

  private static GroupedDifferentialConfig grouped(
      int heads, int noise, int keyValueHeads, boolean learned) {
    return new GroupedDifferentialConfig(16, heads, noise, keyValueHeads, 6, 10000, learned);
  }

  private static Specimen attention(String label, GroupedDifferentialConfig config, int layer) {
    return mixer(label, () -> new GroupedDifferentialAttention(config, layer));
  }

  private static Specimen mixer(String label, Supplier<ZooBlock> factory) {
    return Specimen.of(
        "grouped-diff-attention/attention, " + label,
        ID,
        factory,
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 16))),
        DECODES);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(
            "grouped-diff-attention/attention", GroupedDiffAttentionProvider::attentionCase),
        new GoldenTarget(
            "grouped-diff-attention/differential-attention",
            GroupedDiffAttentionProvider::differentialCase),
        new GoldenTarget(
            "grouped-diff-attention/polynorm-mlp", GroupedDiffAttentionProvider::networkCase));
  }

  /** Motif's config, with its defaults: sizes of one layer, its number and its biases. */
  private static GoldenTarget.Case attentionCase(GoldenConfig config) {
    int width = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    boolean outputBias = config.flag("attention_bias", false) || config.flag("use_bias", false);
    config.ignore("use_bias", "max_position_embeddings");
    GroupedDifferentialAttention block =
        new GroupedDifferentialAttention(
            new GroupedDifferentialConfig(
                width,
                heads,
                config.integer("num_noise_heads", heads / 2),
                config.integer("num_key_value_heads", heads),
                config.integer("head_dim", width / heads),
                config.decimal("rope_theta", 10000),
                true,
                config.flag("qkv_bias", outputBias),
                outputBias,
                config.decimal("attn_rms_norm_eps", 1e-5)),
            config.integer("layer_idx"));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }

  /** {@code MultiheadDiffAttn(args, embed_dim, depth, num_heads)} with {@code num_kv_heads}. */
  private static GoldenTarget.Case differentialCase(GoldenConfig config) {
    int heads = config.integer("num_heads");
    DifferentialAttention block =
        new DifferentialAttention(
            config.integer("embed_dim"),
            config.integer("depth"),
            heads,
            config.integer("num_kv_heads", heads));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of(
                "output",
                block.attend(
                    pass,
                    inputs.get("x"),
                    inputs.get("cos"),
                    inputs.get("sin"),
                    inputs.get("attn_mask"))));
  }

  /** {@code MotifMLP(hidden_size, intermediate_size, hidden_act="poly_norm", bias=False)}. */
  private static GoldenTarget.Case networkCase(GoldenConfig config) {
    String activation = config.text("hidden_act", "poly_norm");
    if (!"poly_norm".equals(activation)) {
      throw new IllegalArgumentException(
          "config key 'hidden_act' is " + activation + "; Motif's network has poly_norm alone");
    }
    PolyNormNetwork block =
        new PolyNormNetwork(
            config.integer("hidden_size"),
            config.integer("intermediate_size"),
            config.flag("bias", false));
    config.finish();
    return new GoldenTarget.Case(
        block, (pass, inputs) -> Map.of("output", block.forward(pass, inputs.get("x"))));
  }
}
