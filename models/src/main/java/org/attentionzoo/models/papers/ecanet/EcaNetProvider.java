package org.attentionzoo.models.papers.ecanet;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention.Kind;
import org.attentionzoo.blocks.papers.ecanet.ChannelReader;
import org.attentionzoo.blocks.papers.ecanet.EcaConfig;
import org.attentionzoo.blocks.papers.ecanet.EfficientChannelAttention;
import org.attentionzoo.blocks.vision.ChannelGates;
import org.attentionzoo.blocks.vision.InvertedResidual;
import org.attentionzoo.blocks.vision.MobileNetV2;
import org.attentionzoo.blocks.vision.ResNet;
import org.attentionzoo.blocks.vision.ResNetConfig;
import org.attentionzoo.blocks.vision.ResNetConfig.Stem;
import org.attentionzoo.blocks.vision.ResidualUnit;
import org.attentionzoo.blocks.vision.ResidualUnit.Form;
import org.attentionzoo.blocks.vision.SqueezeExcitation;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;

/** ECA-Net: efficient channel attention in ResNet and MobileNetV2, with its baselines. */
@AutoService(PaperProvider.class)
public final class EcaNetProvider implements PaperProvider {

  private static final String ID = "eca-net";
  private static final int CHANNELS = 12;

  /** The kernel sizes of the paper's MobileNetV2: 1 below 96 channels, 3 from there. */
  static final String MOBILE = "1111333";

  /** The architecture with each gate: its name and what the summary says of it. */
  private enum Variant {
    ECA(Kind.ECA, "eca-", "with efficient channel attention"),
    SE(Kind.SE, "se-", "with squeeze and excitation: a baseline of ECA-Net"),
    PLAIN(Kind.NONE, "", "without attention: a baseline of ECA-Net");

    private final Kind kind;
    private final String prefix;
    private final String summary;

    Variant(Kind kind, String prefix, String summary) {
      this.kind = kind;
      this.prefix = prefix;
      this.summary = summary;
    }
  }

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    List<ModelEntry<?>> models = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      models.add(
          new ModelEntry<>(
              variant.prefix + "resnet",
              ID,
              ModelKind.IMAGE_CLASSIFIER,
              "ResNet for ImageNet " + variant.summary,
              ResNetModelConfig.class,
              imageNetPresets(variant.kind),
              EcaNetProvider::build));
      models.add(
          new ModelEntry<>(
              variant.prefix + "resnet-cifar",
              ID,
              ModelKind.IMAGE_CLASSIFIER,
              "ResNet for CIFAR " + variant.summary,
              ResNetModelConfig.class,
              cifarPresets(variant.kind),
              EcaNetProvider::build));
      models.add(
          new ModelEntry<>(
              variant.prefix + "mobilenet-v2",
              ID,
              ModelKind.IMAGE_CLASSIFIER,
              "MobileNetV2 " + variant.summary,
              MobileNetModelConfig.class,
              mobilePresets(variant.kind),
              EcaNetProvider::build));
    }
    models.add(
        new ModelEntry<>(
            "eca-channel-reader",
            ID,
            ModelKind.REGRESSOR,
            "A gate before a fixed correlation: the model of the learning check",
            ChannelReaderConfig.class,
            Map.of("tiny", new ChannelReaderConfig(ChannelReader.Gate.ECA, 3, 8, 2048, 32, 8)),
            EcaNetProvider::build));
    return models;
  }

  /** The kernel sizes are those of the released models. */
  private static Map<String, ResNetModelConfig> imageNetPresets(Kind kind) {
    Map<String, ResNetModelConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new ResNetModelConfig(kind, "3357", false, List.of(1, 1, 1, 1), 8, true, 3, 64, 10));
    presets.put("18", imageNet(kind, "3577", false, 2, 2, 2, 2));
    presets.put("34", imageNet(kind, "3357", false, 3, 4, 6, 3));
    presets.put("50", imageNet(kind, "3557", true, 3, 4, 6, 3));
    presets.put("101", imageNet(kind, "3357", true, 3, 4, 23, 3));
    presets.put("152", imageNet(kind, "3357", true, 3, 8, 36, 3));
    return presets;
  }

  private static ResNetModelConfig imageNet(
      Kind kind, String sizes, boolean bottleneck, Integer... units) {
    return new ResNetModelConfig(kind, sizes, bottleneck, List.of(units), 64, true, 3, 224, 1000);
  }

  private static Map<String, ResNetModelConfig> cifarPresets(Kind kind) {
    Map<String, ResNetModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", cifar(kind, 1));
    presets.put("20", cifar(kind, 3));
    presets.put("56", cifar(kind, 9));
    return presets;
  }

  private static ResNetModelConfig cifar(Kind kind, int units) {
    return new ResNetModelConfig(
        kind, ChannelAttention.ADAPTIVE, false, List.of(units, units, units), 16, false, 3, 32, 10);
  }

  private static Map<String, MobileNetModelConfig> mobilePresets(Kind kind) {
    Map<String, MobileNetModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new MobileNetModelConfig(kind, MOBILE, 0.125, 0.25, 3, 64, 10));
    presets.put("base", new MobileNetModelConfig(kind, MOBILE, 1, 0.25, 3, 224, 1000));
    return presets;
  }

  private static ZooBlock build(ResNetModelConfig config) {
    ChannelAttention attention = new ChannelAttention(config.attention(), config.kernelSizes());
    return new ResNet(
        new ResNetConfig(
            config.largeStem() ? Stem.LARGE : Stem.SMALL,
            config.bottleneck() ? Form.BOTTLENECK : Form.BASIC,
            config.units(),
            config.width(),
            config.channels(),
            config.classes()),
        attention.forStages(config.units().size()));
  }

  private static ZooBlock build(ChannelReaderConfig config) {
    return new ChannelReader(
        config.gate(),
        config.kernelSize(),
        config.reduction(),
        config.channels(),
        config.image(),
        config.outputs());
  }

  private static ZooBlock build(MobileNetModelConfig config) {
    ChannelAttention attention = new ChannelAttention(config.attention(), config.kernelSizes());
    return new MobileNetV2(
        config.widthFactor(),
        config.channels(),
        config.classes(),
        config.dropout(),
        attention.forStages(MobileNetV2.STAGES));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    ChannelGates eca = new ChannelAttention(Kind.ECA, "3");
    return List.of(
        layer("layer", EcaConfig.of(CHANNELS, 3)),
        layer("layer-adaptive", EcaConfig.adaptive(CHANNELS)),
        layer("layer-circular", new EcaConfig(CHANNELS, 5, true, false)),
        layer("layer-per-channel", new EcaConfig(CHANNELS, 5, false, true)),
        image("squeeze-excitation", () -> new SqueezeExcitation(CHANNELS, 3)),
        image(
            "basic unit", () -> new ResidualUnit(Form.BASIC, CHANNELS, CHANNELS, 1, false, eca, 0)),
        image(
            "basic unit, stride 2",
            () -> new ResidualUnit(Form.BASIC, CHANNELS, 5, 2, true, eca, 0)),
        image(
            "bottleneck",
            () -> new ResidualUnit(Form.BOTTLENECK, CHANNELS, CHANNELS / 4, 1, false, eca, 0)),
        image(
            "bottleneck, stride 2",
            () -> new ResidualUnit(Form.BOTTLENECK, CHANNELS, 5, 2, true, eca, 0)),
        image("inverted residual", () -> new InvertedResidual(CHANNELS, CHANNELS, 1, 6, eca, 0)),
        image(
            "inverted residual, stride 2", () -> new InvertedResidual(CHANNELS, 5, 2, 1, eca, 0)));
  }

  private static Specimen layer(String name, EcaConfig config) {
    return image(name, () -> new EfficientChannelAttention(config));
  }

  private static Specimen image(String name, Supplier<ZooBlock> factory) {
    return Specimen.of(
        ID + "/" + name,
        ID,
        factory,
        (manager, batch, length) ->
            new NDList(manager.randomNormal(new Shape(batch, CHANNELS, 5, 3))));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return EcaNetGolden.targets();
  }
}
