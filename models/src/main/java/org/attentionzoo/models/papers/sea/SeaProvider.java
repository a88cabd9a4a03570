package org.attentionzoo.models.papers.sea;

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
import org.attentionzoo.blocks.papers.sea.SeaAttention;
import org.attentionzoo.blocks.papers.sea.SeaAttention.Stage;
import org.attentionzoo.blocks.papers.sea.SeaConfig;
import org.attentionzoo.blocks.papers.sea.SeaConfig.Grouping;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Property;
import org.attentionzoo.models.Specimen.Trait;

/** SEA: sparse linear attention with estimated attention mask (Lee et al. 2023). */
@AutoService(PaperProvider.class)
public final class SeaProvider implements PaperProvider {

  private static final String ID = "sea-attention";

  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, SeaModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 3, 4, 16, 32, 1024));
    presets.put("small", preset(256, 6, 4, 32, 64, 2048));
    presets.put("base", preset(512, 6, 8, 64, 256, 2048));
    return List.of(
        new ModelEntry<>(
            "sea-lm",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose queries attend to a few keys that linear attention estimates",
            SeaModelConfig.class,
            presets,
            SeaProvider::build));
  }

  private static SeaModelConfig preset(
      int width, int layers, int heads, int keys, int columns, int positions) {
    return new SeaModelConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        heads,
        10_000,
        keys,
        columns,
        1,
        1,
        positions,
        Stage.SELF_TAUGHT);
  }

  private static ZooBlock build(SeaModelConfig config) {
    DecoderLanguageModel model =
        new DecoderLanguageModel(config.decoder(), layer -> new SeaAttention(config.attention()));
    if (config.stage() == Stage.TRANSFER) {
      StateDict.freeze(model, name -> !name.contains(".perlin."));
    }
    return model;
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return List.of(
        new MixerEntry(
            "sea",
            ID,
            "sparse attention with a mask that linear attention estimates, 16 keys, 32 columns, for"
                + " up to 512 tokens",
            (sizes, layer) ->
                new SeaAttention(
                    preset(sizes.width(), sizes.layers(), sizes.heads(), 16, 32, 512)
                        .attention())));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    SeaConfig causal = SeaConfig.of(2, 4, true, 2, 16, 2048);
    specimens.add(attention("attention", causal, 2, Stage.SELF_TAUGHT, Map.of(), DECODES));
    specimens.add(
        attention(
            "attention that learns no estimate",
            causal,
            2,
            Stage.SPARSE,
            Map.of(
                Property.EVERY_PARAMETER_LEARNS,
                "choosing keys has no gradient, so that the convolutions learn by the loss alone"),
            DECODES));
    specimens.add(
        attention(
            "attention, grouped, oversampled, one encoder",
            new SeaConfig(2, 4, true, 2, 15, 0.5, Grouping.CAUSAL_BATCH, 1.5, 2048, true, true),
            1,
            Stage.SELF_TAUGHT,
            Map.of(),
            DECODES));
    specimens.add(
        attention(
            "attention that learns softmax's pattern",
            causal,
            2,
            Stage.TRANSFER,
            Map.of(
                Property.EVERY_PARAMETER_LEARNS,
                "while converted, softmax's outputs do not depend on the estimate, and the loss"
                    + " does not depend on the output projection"),
            DECODES));
    for (Grouping grouping : Grouping.values()) {
      specimens.add(
          attention(
              "attention in both directions, budget by "
                  + grouping.name().toLowerCase(Locale.ROOT).replace('_', ' '),
              new SeaConfig(2, 4, false, 2, 8, 1, grouping, 1, 16, true, false),
              2,
              Stage.SPARSE,
              Map.of()));
    }
    specimens.add(
        Specimen.of(
            "sea-attention/decoder",
            ID,
            () ->
                build(
                    new SeaModelConfig(
                        11, 8, 2, 12, true, 0, 2, 1, 10_000, 2, 16, 1, 1, 64, Stage.SELF_TAUGHT)),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            DECODES));
    return specimens;
  }

  private static Specimen attention(
      String name,
      SeaConfig core,
      int keyValueHeads,
      Stage stage,
      Map<Property, String> exceptions,
      Trait... traits) {
    Rotary rotary = core.causal() ? new Rotary(Rotary.Layout.HALF, 10_000) : null;
    return new Specimen(
        "sea-attention/" + name,
        ID,
        () ->
            new SeaAttention(
                new SeaAttention.Config(8, keyValueHeads, false, rotary, core, stage, 1)),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        Set.of(traits),
        exceptions,
        2e-5,
        "float32 rounding");
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return SeaGolden.targets();
  }
}
