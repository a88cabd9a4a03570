package org.attentionzoo.models.papers.masformer;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.attention.AttentionSpan.Kind;
import org.attentionzoo.blocks.papers.masformer.SpanAttention;
import org.attentionzoo.blocks.papers.masformer.SpanCore;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** MASFormer: full attention in a few layers, short spans in all others (Zhang et al. 2023). */
@AutoService(PaperProvider.class)
public final class MasformerProvider implements PaperProvider {

  private static final String ID = "masformer";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, MasformerConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 6, 4, List.of(2, 4), 32));
    presets.put("small", preset(256, 12, 4, List.of(9, 10, 11), 128));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder with full attention in a few layers and short spans in the others",
            MasformerConfig.class,
            presets,
            MasformerProvider::build));
  }

  private static MasformerConfig preset(
      int width, int layers, int heads, List<Integer> fullLayers, int block) {
    int hidden = width * 8 / 3 / 32 * 32;
    return new MasformerConfig(
        256,
        width,
        layers,
        hidden,
        false,
        0,
        heads,
        10000,
        fullLayers,
        Kind.BLOCK_AND_PREVIOUS,
        block);
  }

  private static ZooBlock build(MasformerConfig config) {
    return new DecoderLanguageModel(
        config.decoder(), layer -> new SpanAttention(config.attention(), config.span(layer)));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      specimens.add(attention(new AttentionSpan(kind, 3)));
    }
    MasformerConfig config =
        new MasformerConfig(
            11, 8, 3, 16, false, 0, 2, 10000, List.of(1), Kind.BLOCK_AND_PREVIOUS, 3);
    specimens.add(
        Specimen.of(
            "masformer/decoder",
            ID,
            () -> build(config),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED));
    return specimens;
  }

  private static Specimen attention(AttentionSpan span) {
    AttentionConfig config = AttentionConfig.causal(8, 2, new Rotary(Rotary.Layout.HALF, 10000));
    List<Trait> traits = new ArrayList<>(List.of(Trait.CAUSAL, Trait.STREAMING, Trait.MASKED));
    if (span.kind() == Kind.WINDOW) {
      traits.add(Trait.CONSTANT_STATE);
    }
    return Specimen.of(
        "masformer/attention, " + span.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
        ID,
        () -> new SpanAttention(config, span),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        traits.toArray(Trait[]::new));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("masformer/attention", MasformerProvider::golden));
  }

  /** The core on given queries, keys and values (B, H, L, d). */
  private static GoldenTarget.Case golden(GoldenConfig config) {
    String sparse = config.text("sparse", "block2");
    int size = config.integer("block", 1);
    config.finish();
    Kind kind =
        switch (sparse) {
          case "full" -> Kind.FULL;
          case "window" -> Kind.WINDOW;
          case "block" -> Kind.BLOCK;
          case "block2" -> Kind.BLOCK_AND_PREVIOUS;
          default ->
              throw new IllegalArgumentException(
                  "config key 'sparse' is " + sparse + "; expected full, window, block or block2");
        };
    SpanCore core = new SpanCore(new AttentionSpan(kind, size), 0);
    return new GoldenTarget.Case(
        core,
        (pass, inputs) ->
            Map.of(
                "output",
                core.forward(pass, new NDList(inputs.get("q"), inputs.get("k"), inputs.get("v")))
                    .head()));
  }
}
