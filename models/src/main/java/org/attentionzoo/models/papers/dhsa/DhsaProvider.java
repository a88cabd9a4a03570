package org.attentionzoo.models.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.dhsa.BoundaryPredictor;
import org.attentionzoo.blocks.papers.dhsa.DhsaAttention;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Method;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Stage;
import org.attentionzoo.blocks.papers.dhsa.HierarchicalAttention;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig.Encoder;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Property;

/** DHSA: a trained decoder reads long sequences by chunks whose ends are predicted (2025). */
@AutoService(PaperProvider.class)
public final class DhsaProvider implements PaperProvider {

  private static final String ID = "dhsa";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, DhsaModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 3, 4, 128, 32, 16, 16));
    presets.put("small", preset(256, 6, 4, 512, 64, 64, 64));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder that reads sequences sparsely, by chunks of keys",
            DhsaModelConfig.class,
            presets,
            DhsaProvider::build));
  }

  private static DhsaModelConfig preset(
      int width, int layers, int heads, int budget, int block, int first, int recent) {
    return new DhsaModelConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        heads,
        10_000,
        Stage.ATTEND,
        Method.PREDICTED,
        budget,
        block,
        0,
        first,
        recent,
        -1,
        Pooling.SCALED_MEAN,
        32,
        4,
        64,
        4,
        false,
        1.1,
        8,
        8);
  }

  private static ZooBlock build(DhsaModelConfig config) {
    List<DhsaAttention> attentions = new ArrayList<>();
    DecoderLanguageModel model =
        new DecoderLanguageModel(
            config.decoder(),
            layer -> {
              attentions.add(
                  new DhsaAttention(config.attention(), layer == 0 ? null : attentions.get(0)));
              return attentions.get(layer);
            });
    if (config.stage() == Stage.LEARN_BOUNDARIES) {
      StateDict.freeze(model, name -> !name.contains(".boundary_predictor."));
    }
    return model;
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Encoder encoder : Encoder.values()) {
      specimens.add(predictor(encoder, false));
    }
    specimens.add(predictor(Encoder.ATTENTION, true));
    specimens.add(
        Specimen.of(
            "dhsa/attention",
            ID,
            () ->
                new HierarchicalAttention(
                    new SelectionConfig(3, 4, 0, Pooling.SCALED_MEAN, 1, 2, -1), 0.5),
            (m, batch, length) -> {
              Shape shape = new Shape(batch, 2, length, 4);
              NDArray borders =
                  m.create(new long[] {0, length / 2, length})
                      .expandDims(0)
                      .broadcast(new Shape(batch, 3));
              return new NDList(
                  m.randomNormal(shape), m.randomNormal(shape), m.randomNormal(shape), borders);
            }));
    for (Method method : List.of(Method.PREDICTED, Method.LABELLED, Method.FIXED)) {
      specimens.add(decoder("dhsa/decoder, " + method.name().toLowerCase(Locale.ROOT), method));
    }
    return specimens;
  }

  private static Specimen predictor(Encoder encoder, boolean gated) {
    return Specimen.of(
        "dhsa/predictor, " + encoder.name().toLowerCase(Locale.ROOT) + (gated ? ", gated" : ""),
        ID,
        () -> new BoundaryPredictor(new PredictorConfig(encoder, 8, 2, 6, 2, 2, 5, gated, 0)),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))));
  }

  private static Specimen decoder(String name, Method method) {
    DhsaModelConfig config =
        new DhsaModelConfig(
            11,
            8,
            2,
            16,
            false,
            0,
            2,
            1,
            10_000,
            Stage.ATTEND,
            method,
            5,
            3,
            0,
            1,
            2,
            -1,
            Pooling.SCALED_MEAN,
            2,
            2,
            6,
            2,
            false,
            -9,
            2,
            1);
    return new Specimen(
        name,
        ID,
        () -> build(config),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        Set.of(),
        Map.of(
            Property.EVERY_PARAMETER_LEARNS,
            "the predictor learns from the ratios of dense attention, not from what is read"),
        2e-5,
        "float32 rounding");
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return DhsaGolden.targets();
  }
}
