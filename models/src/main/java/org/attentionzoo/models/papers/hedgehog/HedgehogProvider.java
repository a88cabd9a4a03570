package org.attentionzoo.models.papers.hedgehog;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionTransfer;
import org.attentionzoo.blocks.linear.Features;
import org.attentionzoo.blocks.linear.LearnedFeatures;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearSelfAttention;
import org.attentionzoo.blocks.linear.LinearSelfAttention.Stage;
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

/** The Hedgehog and the Porcupine (Zhang et al. 2024). */
@AutoService(PaperProvider.class)
public final class HedgehogProvider implements PaperProvider {

  static final String ID = "hedgehog";

  private static final Trait[] MIXES = {
    Trait.CAUSAL, Trait.STREAMING, Trait.MASKED, Trait.CONSTANT_STATE
  };

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, HedgehogConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 3, 4));
    presets.put("small", preset(256, 6, 4));
    presets.put("base", preset(512, 6, 8));
    return List.of(
        new ModelEntry<>(
            "hedgehog-lm",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder with linear attention: Hedgehog, T2R, Taylor, random and fixed features",
            HedgehogConfig.class,
            presets,
            HedgehogProvider::build));
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return Arrays.stream(Features.values())
        .filter(features -> features != Features.IDENTITY)
        .map(
            features ->
                new MixerEntry(
                    features.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    ID,
                    "linear attention with rotary positions and features "
                        + features.name().toLowerCase(Locale.ROOT),
                    (sizes, layer) ->
                        new LinearSelfAttention(
                            preset(sizes.width(), sizes.layers(), sizes.heads()).attention(),
                            features)))
        .toList();
  }

  private static HedgehogConfig preset(int width, int layers, int heads) {
    return new HedgehogConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        heads,
        10_000,
        Features.HEDGEHOG,
        Stage.LINEAR,
        1,
        0,
        Form.CHUNKED,
        64);
  }

  private static ZooBlock build(HedgehogConfig config) {
    DecoderLanguageModel model =
        new DecoderLanguageModel(
            config.decoder(),
            layer -> new LinearSelfAttention(config.attention(), config.features()));
    if (config.stage() == Stage.TRANSFER) {
      StateDict.freeze(model, name -> !name.contains(".feature_map_"));
    }
    return model;
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Features features : Features.values()) {
      String name = "hedgehog/features, " + features.name().toLowerCase(Locale.ROOT);
      specimens.add(
          Specimen.of(
              name,
              ID,
              () -> features.map(2, 4),
              (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 2, length, 4)))));
      if (features != Features.IDENTITY) {
        specimens.add(attention(features, true, 2));
      }
    }
    specimens.add(attention(Features.HEDGEHOG, true, 1));
    specimens.add(attention(Features.HEDGEHOG_EXP, false, 2));
    specimens.add(tied());
    for (Stage stage : List.of(Stage.SOFTMAX, Stage.TRANSFER)) {
      specimens.add(converting(stage));
    }
    specimens.add(
        Specimen.of(
            "hedgehog/language model of constant state",
            ID,
            () -> build(small()),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            MIXES));
    return specimens;
  }

  private static HedgehogConfig small() {
    return new HedgehogConfig(
        11,
        8,
        2,
        12,
        true,
        0,
        2,
        1,
        10_000,
        Features.HEDGEHOG,
        Stage.LINEAR,
        1,
        0,
        Form.CHUNKED,
        4);
  }

  private static LinearSelfAttention.Config config(boolean causal, int keyValueHeads, Stage stage) {
    return new LinearSelfAttention.Config(
        8,
        2,
        keyValueHeads,
        4,
        false,
        new Rotary(Rotary.Layout.HALF, 10_000),
        LinearAttentionConfig.mean(causal).computed(Form.CHUNKED, 4),
        stage,
        new AttentionTransfer(1, 10),
        0.5);
  }

  private static Specimen attention(Features features, boolean causal, int keyValueHeads) {
    return Specimen.of(
        "hedgehog/"
            + (causal ? "attention, " : "attention in both directions, ")
            + features.name().toLowerCase(Locale.ROOT)
            + (keyValueHeads == 1 ? ", grouped" : ""),
        ID,
        () -> new LinearSelfAttention(config(causal, keyValueHeads, Stage.LINEAR), features),
        HedgehogProvider::hidden,
        causal ? MIXES : new Trait[] {Trait.MASKED});
  }

  private static Specimen tied() {
    return Specimen.of(
        "hedgehog/attention, one map for queries and keys",
        ID,
        () -> {
          LearnedFeatures map =
              new LearnedFeatures(
                  LearnedFeatures.Config.hedgehog(2, 4, LearnedFeatures.Activations.SOFTMAX));
          return new LinearSelfAttention(config(true, 2, Stage.LINEAR), map, map.tied());
        },
        HedgehogProvider::hidden,
        MIXES);
  }

  /** What learns softmax's weights has its gradients from the loss alone. */
  private static Specimen converting(Stage stage) {
    return new Specimen(
        "hedgehog/attention that gives softmax's outputs, " + stage.name().toLowerCase(Locale.ROOT),
        ID,
        () -> {
          UnaryBlock queries = Features.HEDGEHOG.map(2, 4);
          UnaryBlock keys = Features.HEDGEHOG.map(2, 4);
          return new LinearSelfAttention(config(true, 2, stage), queries, keys);
        },
        HedgehogProvider::hidden,
        Set.of(Trait.CAUSAL, Trait.MASKED, Trait.STREAMING),
        Map.of(
            Property.EVERY_PARAMETER_LEARNS,
            "while converted, softmax's outputs do not depend on the feature maps, and the loss"
                + " does not depend on the output projection"),
        2e-5,
        "float32 rounding");
  }

  private static NDList hidden(NDManager manager, int batch, int length) {
    return new NDList(manager.randomNormal(new Shape(batch, length, 8)));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return HedgehogGolden.targets();
  }
}
