package org.attentionzoo.models.papers.deconstructingattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedAttention;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedConfig;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedConfig.Pattern;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedLanguageModel;
import org.attentionzoo.blocks.papers.deconstructingattention.Variant;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Deconstructing Attention (2025). */
@AutoService(PaperProvider.class)
public final class DeconstructingAttentionProvider implements PaperProvider {

  private static final String ID = "deconstructing-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, DeconstructedConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", tiny(Variant.STANDARD, Pattern.UNIFORM));
    for (Variant variant : Variant.values()) {
      if (variant != Variant.STANDARD) {
        String name = variant.name().toLowerCase(Locale.ROOT);
        presets.put("tiny-" + name, tiny(variant, Pattern.UNIFORM));
        presets.put("tiny-" + name + "-hybrid", tiny(variant, Pattern.HYBRID));
      }
    }
    return List.of(
        new ModelEntry<>(
            "deconstructed",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder without one or another principle of attention",
            DeconstructedConfig.class,
            presets,
            DeconstructedLanguageModel::new));
  }

  private static DeconstructedConfig tiny(Variant variant, Pattern pattern) {
    return new DeconstructedConfig(256, 96, 4, 256, 4, variant, pattern, 512, 1, 10000);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      String name = variant.name().toLowerCase(Locale.ROOT);
      specimens.add(model(name, variant, Pattern.UNIFORM));
      if (variant != Variant.STANDARD) {
        specimens.add(model(name + ", hybrid", variant, Pattern.HYBRID));
      }
      specimens.add(
          Specimen.of(
              "deconstructing-attention/attention, " + name,
              ID,
              () -> new DeconstructedAttention(12, 3, variant, 16, null),
              (m, batch, length) -> {
                Shape shape = new Shape(batch, length, 12);
                return variant.hasStream() || variant == Variant.STATICQK
                    ? new NDList(m.randomNormal(shape), m.randomNormal(shape))
                    : new NDList(m.randomNormal(shape));
              },
              Trait.CAUSAL));
    }
    return specimens;
  }

  private static Specimen model(String label, Variant variant, Pattern pattern) {
    DeconstructedConfig config =
        new DeconstructedConfig(11, 12, 3, 20, 3, variant, pattern, 16, 1, 10000);
    return Specimen.of(
        "deconstructing-attention/model, " + label,
        ID,
        () -> new DeconstructedLanguageModel(config),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        Trait.CAUSAL,
        Trait.STREAMING,
        Trait.MASKED);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(
            "deconstructing-attention/attention", DeconstructingAttentionProvider::golden));
  }

  private static GoldenTarget.Case golden(GoldenConfig config) {
    int width = config.integer("hidden_size");
    Variant variant = variant(config.text("variant", "standard"));
    boolean network = variant == Variant.MLP;
    // A network has no heads; unless the config says how wide it is, its weights do.
    int heads = network ? config.integer("num_heads", 1) : config.integer("num_heads");
    int hidden =
        network && !config.has("intermediate_size")
            ? (int) config.weightShape("gate_proj.weight").get(0)
            : config.integer("intermediate_size", 1);
    DeconstructedAttention block = new DeconstructedAttention(width, heads, variant, hidden, null);
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList all = new NDList(inputs.get("hidden_states"));
          if (inputs.containsKey("embeddings")) {
            all.add(inputs.get("embeddings"));
          }
          NDList results = block.forward(pass, all);
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", results.get(0));
          if (results.size() > 1) {
            outputs.put("attention", results.get(1));
          }
          return outputs;
        });
  }

  private static Variant variant(String name) {
    for (Variant variant : Variant.values()) {
      if (variant.name().equalsIgnoreCase(name)) {
        return variant;
      }
    }
    throw new IllegalArgumentException(
        "config key 'variant' is "
            + name
            + "; expected one of "
            + Arrays.toString(Variant.values()).toLowerCase(Locale.ROOT));
  }
}
