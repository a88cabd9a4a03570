package org.attentionzoo.models.papers.superlinearattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.superlinearattention.SpanAttentionCore;
import org.attentionzoo.blocks.papers.superlinearattention.SpanConfig;
import org.attentionzoo.blocks.papers.superlinearattention.SuperlinearAttention;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Superlinear Multi-Step Attention with its two-step search (arXiv 2601.18401). */
@AutoService(PaperProvider.class)
public final class SuperlinearAttentionProvider implements PaperProvider {

  private static final String ID = "superlinear-attention";
  private static final int WIDTH = 8;
  private static final int HEADS = 4;

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, SuperlinearModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(96, 4, 3, 3, new SpanConfig(2, 0.5, 3, 2, 2, 0, 0.5)));
    presets.put("small", preset(384, 12, 6, 2, new SpanConfig(0, 0.55, 10, 3, 3, 1, 0.55)));
    return List.of(
        new ModelEntry<>(
            "superlinear",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose tokens search for spans to attend to, above linear attention",
            SuperlinearModelConfig.class,
            presets,
            SuperlinearAttentionProvider::build));
  }

  private static SuperlinearModelConfig preset(
      int width, int layers, int heads, int groups, SpanConfig spans) {
    int hidden = width * 8 / 3 / 32 * 32;
    return new SuperlinearModelConfig(
        256, width, layers, hidden, false, 0, heads, groups, spans, false);
  }

  private static ZooBlock build(SuperlinearModelConfig config) {
    return new DecoderLanguageModel(config.decoder(), config::mixer);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    SpanConfig usual = new SpanConfig(2, 0, 1, 2, 1, 0, 0.5);
    SuperlinearModelConfig model =
        new SuperlinearModelConfig(11, WIDTH, 2, 16, false, 0, 2, 1, usual, false);
    return List.of(
        mixer("window and spans", usual, 2, false),
        mixer("no window", new SpanConfig(2, 0, 0, 3, 1, 1, 0.5), HEADS, false),
        mixer("fractional power", new SpanConfig(0, 0.6, 1, 2, 0.5, 0.5, 0.4), 1, false),
        mixer(
            "random anchors",
            new SpanConfig(2, 0, 1, 2, 1, 0, 0.5, SpanConfig.Choice.RANDOM),
            2,
            false),
        mixer("dense", usual, 2, true),
        windowOnly(),
        Specimen.of(
            "superlinear-attention/decoder",
            ID,
            () -> build(model),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED));
  }

  private static Specimen mixer(String name, SpanConfig spans, int groups, boolean dense) {
    Specimen usual =
        Specimen.of(
            "superlinear-attention/attention, " + name,
            ID,
            () -> new SuperlinearAttention(WIDTH, HEADS, groups, spans, dense),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, WIDTH))),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED);
    return dense ? without(usual, "what attends to everything does not search") : usual;
  }

  private static Specimen windowOnly() {
    SpanConfig spans = new SpanConfig(2, 0, 1, 0, 2, 0, 0.5);
    return without(
        mixer("window alone", spans, 2, false), "without spans there is nothing to search");
  }

  private static Specimen without(Specimen specimen, String reason) {
    return new Specimen(
        specimen.name(),
        specimen.paper(),
        specimen.factory(),
        specimen.inputs(),
        specimen.traits(),
        Map.of(Specimen.Property.EVERY_PARAMETER_LEARNS, reason),
        specimen.tolerance(),
        specimen.toleranceReason());
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(
            "superlinear-attention/attention", SuperlinearAttentionProvider::attention));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    boolean fraction = config.has("search_power");
    SpanConfig spans =
        new SpanConfig(
            fraction ? 0 : config.integer("inv_power", 2),
            config.decimal("search_power", 0),
            config.integer("sw_index", 0),
            config.integer("num_spans", 3),
            config.decimal("backward_factor", 2),
            config.decimal("forward_factor", 0),
            config.decimal("span_power", 0.5));
    config.ignore("inv_power");
    config.finish();
    SpanAttentionCore core = new SpanAttentionCore(spans);
    return new GoldenTarget.Case(
        core,
        (pass, inputs) -> {
          NDList given =
              new NDList(inputs.get("q1"), inputs.get("q2"), inputs.get("k"), inputs.get("v"));
          NDArray start = inputs.get("start");
          if (start != null) {
            given.add(start);
          }
          NDList result = core.forward(pass, given);
          return Map.of("output", result.get(0), "anchors", result.get(1));
        });
  }
}
