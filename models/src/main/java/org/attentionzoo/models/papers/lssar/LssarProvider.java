package org.attentionzoo.models.papers.lssar;

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
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.lssar.LengthScaledSoftplusAttention;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.lssar.LssarConfig.Weights;

/** Softplus Attention with Re-weighting (Gao and Spratling 2025). */
@AutoService(PaperProvider.class)
public final class LssarProvider implements PaperProvider {

  private static final String ID = "lssar";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, LssarConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 4, 4, 3));
    presets.put("tiny-p15", preset(128, 4, 4, 15));
    presets.put("small", preset(256, 6, 4, 15));
    return List.of(
        new ModelEntry<>(
            "lssar",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose attention weights are re-weighted softplus, for lengths beyond training",
            LssarConfig.class,
            presets,
            LssarProvider::build));
  }

  private static LssarConfig preset(int width, int layers, int heads, double power) {
    int hidden = width * 8 / 3 / 32 * 32;
    return new LssarConfig(
        256, width, layers, hidden, false, 0, heads, 10000, Weights.LSSAR, power, true);
  }

  private static ZooBlock build(LssarConfig config) {
    return new DecoderLanguageModel(
        config.decoder(),
        layer -> new MultiHeadAttention(config.attention(), null, config.parts()));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(core("lssar/weights", LengthScaledSoftplusAttention.reweighted(3)));
    specimens.add(core("lssar/weights, not re-weighted", LengthScaledSoftplusAttention.plain()));
    for (Weights weights : Weights.values()) {
      if (weights != Weights.SOFTMAX) {
        String label = weights.name().toLowerCase(Locale.ROOT);
        specimens.add(decoder("lssar/decoder, " + label, weights, true));
      }
    }
    specimens.add(decoder("lssar/decoder, lssa without unit vectors", Weights.LSSA, false));
    return specimens;
  }

  private static Specimen core(String name, LengthScaledSoftplusAttention block) {
    return Specimen.of(
        name,
        ID,
        () -> block,
        (m, batch, length) -> {
          Shape shape = new Shape(batch, 2, length, 6);
          return new NDList(m.randomNormal(shape), m.randomNormal(shape), m.randomNormal(shape));
        });
  }

  private static Specimen decoder(String name, Weights weights, boolean unitVectors) {
    LssarConfig config = new LssarConfig(11, 16, 2, 24, true, 0, 4, 10000, weights, 3, unitVectors);
    return Specimen.of(
        name,
        ID,
        () -> build(config),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        Trait.CAUSAL,
        Trait.STREAMING,
        Trait.MASKED);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("lssar/attention", LssarProvider::golden));
  }

  private static GoldenTarget.Case golden(GoldenConfig config) {
    double power = config.decimal("p", 1);
    LengthScaledSoftplusAttention block =
        config.flag("reweight", true)
            ? LengthScaledSoftplusAttention.reweighted(power)
            : LengthScaledSoftplusAttention.plain();
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList all =
              block.forward(pass, new NDList(inputs.get("q"), inputs.get("k"), inputs.get("v")));
          return Map.of("output", all.get(0), "weights", all.get(1));
        });
  }
}
