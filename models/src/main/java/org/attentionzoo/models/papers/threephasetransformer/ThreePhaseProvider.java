package org.attentionzoo.models.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.threephasetransformer.PhaseRmsNorm;
import org.attentionzoo.blocks.papers.threephasetransformer.PhaseRotation;
import org.attentionzoo.blocks.papers.threephasetransformer.ThreePhaseConfig;
import org.attentionzoo.blocks.papers.threephasetransformer.ThreePhaseLayer;
import org.attentionzoo.blocks.papers.threephasetransformer.ThreePhaseTransformer;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Three-Phase Transformer (Abu Ayyash 2026). */
@AutoService(PaperProvider.class)
public final class ThreePhaseProvider implements PaperProvider {

  private static final String ID = "three-phase-transformer";
  private static final int PHASES = 3;
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, ThreePhaseConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", tiny(PHASES, true));
    presets.put("tiny-baseline", tiny(1, false));
    presets.put("tiny-one-phase", tiny(1, true));
    presets.put(
        "123m", new ThreePhaseConfig(32000, 768, 12, 2048, 12, 3, 2048, PHASES, true, true, true));
    return List.of(
        new ModelEntry<>(
            "3pt",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose hidden states are channels that turn from layer to layer",
            ThreePhaseConfig.class,
            presets,
            ThreePhaseTransformer::new));
  }

  private static ThreePhaseConfig tiny(int phases, boolean on) {
    return new ThreePhaseConfig(256, 96, 4, 256, 6, 3, 256, phases, on, on, on);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(model("three phases", 3, true, true, true));
    specimens.add(model("one phase", 1, true, true, true));
    specimens.add(model("baseline", 1, false, false, false));
    specimens.add(model("rotation alone", 3, false, true, false));
    specimens.add(hidden("norm", () -> new PhaseRmsNorm(12, 3)));
    specimens.add(hidden("rotation", () -> new PhaseRotation(12, 3, 1, 4)));
    specimens.add(hidden("layer", () -> new ThreePhaseLayer(config(3, true, true, true), 1)));
    return specimens;
  }

  private static Specimen hidden(
      String label, java.util.function.Supplier<org.attentionzoo.blocks.ZooBlock> factory) {
    return Specimen.of(
        "three-phase-transformer/" + label,
        ID,
        factory,
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12))),
        Trait.CAUSAL);
  }

  private static ThreePhaseConfig config(
      int phases, boolean horn, boolean rotation, boolean phaseNorm) {
    return new ThreePhaseConfig(11, 12, 2, 20, 3, 3, 16, phases, horn, rotation, phaseNorm);
  }

  private static Specimen model(
      String label, int phases, boolean horn, boolean rotation, boolean phaseNorm) {
    return Specimen.of(
        "three-phase-transformer/model, " + label,
        ID,
        () -> new ThreePhaseTransformer(config(phases, horn, rotation, phaseNorm)),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        DECODES);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("three-phase-transformer/block", ThreePhaseProvider::layer),
        new GoldenTarget("three-phase-transformer/model", ThreePhaseProvider::transformer));
  }

  /** One entry of {@code ThreePhaseTransformer.blocks}. */
  private static GoldenTarget.Case layer(GoldenConfig config) {
    ThreePhaseLayer block =
        new ThreePhaseLayer(
            official(config, 2, config.integer("n_layers")), config.integer("layer_idx"));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList results = block.forward(pass, new NDList(inputs.get("h")));
          return Map.of("output", results.get(0), "rotated", results.get(1));
        });
  }

  /**
   * {@code ThreePhaseTransformer(vocab_size, d_model, n_layers, d_ff, n_q_heads=12, n_kv_heads=3,
   * max_seq_len=2048)}. The length of the horn is a constant of the official module, and read from
   * the weights; targets are optional.
   */
  private static GoldenTarget.Case transformer(GoldenConfig config) {
    ThreePhaseTransformer block =
        new ThreePhaseTransformer(
            official(config, config.integer("vocab_size"), config.integer("n_layers")),
            (int) config.weightShape("embedding.horn_profile").get(1));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray targets = inputs.get("targets");
          if (targets == null) {
            return Map.of("logits", block.forward(pass, new NDList(inputs.get("x"))).head());
          }
          NDList results = block.judge(pass, inputs.get("x"), targets);
          return Map.of(
              "logits", results.get(0), "loss", results.get(1), "zero_sum", results.get(2));
        });
  }

  private static ThreePhaseConfig official(GoldenConfig config, int vocabulary, int layers) {
    return new ThreePhaseConfig(
        vocabulary,
        config.integer("d_model"),
        layers,
        config.integer("d_ff"),
        config.integer("n_q_heads", 12),
        config.integer("n_kv_heads", 3),
        config.integer("max_seq_len", 2048),
        PHASES,
        true,
        true,
        true);
  }
}
