package org.attentionzoo.models.papers.combiner;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.combiner.CombinerAttention;
import org.attentionzoo.blocks.papers.combiner.CombinerConfig;
import org.attentionzoo.blocks.papers.combiner.CombinerConfig.Pattern;
import org.attentionzoo.blocks.papers.combiner.CombinerLanguageModel;
import org.attentionzoo.blocks.sparse.SpanPooling;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.combiner.CombinerModelConfig.Mixing;

/** Combiner: every token has a weight, most of them through spans (Ren et al. 2021). */
@AutoService(PaperProvider.class)
public final class CombinerProvider implements PaperProvider {

  private static final String ID = "combiner";

  /** What the official config holds for the model around the attention, and rates. */
  private static final String[] OF_THE_MODEL = {
    "vocab_size",
    "output_vocab_size",
    "share_embeddings",
    "logits_via_embedding",
    "dtype",
    "emb_dim",
    "num_layers",
    "mlp_dim",
    "max_len",
    "dropout_rate",
    "attention_dropout_rate",
    "deterministic",
    "decode",
    "kernel_init",
    "bias_init",
    "posemb_init",
    "architecture",
    "share_param",
    "use_layernorm",
    "seq_summary",
    "window_size"
  };

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, CombinerModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 4, 4, Mixing.FIXED, 16));
    presets.put("tiny-logsparse", preset(128, 4, 4, Mixing.LOGSPARSE, 16));
    presets.put("tiny-rowmajor", preset(128, 4, 4, Mixing.AXIAL_ROWMAJOR, 16));
    presets.put("tiny-mixture", preset(128, 4, 4, Mixing.AXIAL_MIXTURE, 16));
    presets.put("small", preset(256, 6, 4, Mixing.AXIAL_ROWMAJOR, 32));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose tokens see all earlier ones, most of them as spans",
            CombinerModelConfig.class,
            presets,
            CombinerProvider::build));
  }

  private static CombinerModelConfig preset(
      int width, int layers, int heads, Mixing mixing, int segment) {
    return new CombinerModelConfig(
        256, width, layers, 4 * width, 0, 0, heads, mixing, segment, SpanPooling.MAX);
  }

  private static ZooBlock build(CombinerModelConfig config) {
    return new CombinerLanguageModel(
        config.vocabulary(),
        config.width(),
        config.layers(),
        config.hidden(),
        config.dropout(),
        layer -> mixer(config));
  }

  private static Mixer mixer(CombinerModelConfig config) {
    if (config.mixing() != Mixing.FULL && config.mixing() != Mixing.WINDOW) {
      return new CombinerAttention(config.attention());
    }
    int window = config.mixing() == Mixing.WINDOW ? config.segment() : 0;
    return new MultiHeadAttention(
        new AttentionConfig(
            config.width(),
            config.heads(),
            config.heads(),
            config.width() / config.heads(),
            false,
            true,
            window,
            null,
            false,
            config.attentionDropout()));
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return List.of(
        new MixerEntry(
            ID,
            ID,
            "the own row of 16 tokens and what each column reads in earlier rows",
            (sizes, layer) ->
                new CombinerAttention(
                    CombinerConfig.causal(
                        sizes.width(), sizes.heads(), Pattern.AXIAL_ROWMAJOR, 16))));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Pattern pattern : Pattern.values()) {
      specimens.add(attention(pattern, SpanPooling.MAX, true));
    }
    specimens.add(attention(Pattern.FIXED, SpanPooling.MEAN, true));
    specimens.add(attention(Pattern.AXIAL_MIXTURE, SpanPooling.SUM, true));
    specimens.add(attention(Pattern.FIXED, SpanPooling.MAX, false));
    specimens.add(attention(Pattern.AXIAL_ROWMAJOR, SpanPooling.MAX, false));
    for (Mixing mixing : Mixing.values()) {
      CombinerModelConfig config =
          new CombinerModelConfig(11, 8, 2, 16, 0, 0, 2, mixing, 4, SpanPooling.MAX);
      specimens.add(
          Specimen.of(
              "combiner/decoder, " + label(mixing),
              ID,
              () -> build(config),
              (m, batch, length) ->
                  new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
              Trait.CAUSAL,
              Trait.STREAMING,
              Trait.MASKED));
    }
    return specimens;
  }

  private static Specimen attention(Pattern pattern, SpanPooling pooling, boolean causal) {
    CombinerConfig config = new CombinerConfig(8, 2, 12, pattern, 3, pooling, causal, false, 0);
    Trait[] traits =
        causal
            ? new Trait[] {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED}
            : new Trait[] {Trait.MASKED};
    return Specimen.of(
        "combiner/attention, "
            + label(pattern)
            + ", "
            + label(pooling)
            + (causal ? "" : ", both directions"),
        ID,
        () -> new CombinerAttention(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        traits);
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        target("combiner/fixed", Pattern.FIXED),
        target("combiner/logsparse", Pattern.LOGSPARSE),
        target("combiner/axial-rowmajor", Pattern.AXIAL_ROWMAJOR),
        target("combiner/axial-mixture", Pattern.AXIAL_MIXTURE));
  }

  private static GoldenTarget target(String name, Pattern pattern) {
    return new GoldenTarget(name, config -> golden(config, pattern));
  }

  /**
   * {@code _SelfAttSqrtn(config, out_features=None)} and its like, {@code config} being a {@code
   * TransformerConfig} of which they read heads, widths and segment. The official level count
   * depends on the length, which its constructor is told.
   */
  private static GoldenTarget.Case golden(GoldenConfig config, Pattern pattern) {
    int width = config.integer("dim");
    Object given = config.get("qkv_dim", 512);
    int inner = given == null ? width : config.integer("qkv_dim", 512);
    boolean levels = pattern == Pattern.LOGSPARSE;
    CombinerAttention attention =
        new CombinerAttention(
            new CombinerConfig(
                width,
                config.integer("num_heads", 8),
                inner,
                pattern,
                config.integer("max_seg_len", 32),
                SpanPooling.MAX,
                true,
                levels && !config.flag("repaired_levels", false),
                0),
            config.integer("out_features", width));
    config.ignore(OF_THE_MODEL);
    config.finish();
    return new GoldenTarget.Case(
        attention,
        (pass, inputs) ->
            Map.of("output", attention.forward(pass, new NDList(inputs.get("x"))).head()),
        name -> name.equals("LayerNorm_0.scale") ? "LayerNorm_0.weight" : name);
  }
}
