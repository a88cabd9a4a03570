package org.attentionzoo.models.papers.ecanet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention.Kind;
import org.attentionzoo.blocks.papers.ecanet.EcaConfig;
import org.attentionzoo.blocks.papers.ecanet.EfficientChannelAttention;
import org.attentionzoo.blocks.vision.ChannelGates;
import org.attentionzoo.blocks.vision.InvertedResidual;
import org.attentionzoo.blocks.vision.MobileNetV2;
import org.attentionzoo.blocks.vision.ResNet;
import org.attentionzoo.blocks.vision.ResNetConfig;
import org.attentionzoo.blocks.vision.ResidualUnit;
import org.attentionzoo.blocks.vision.ResidualUnit.Form;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The official constructors with their arguments and defaults. */
final class EcaNetGolden {

  private static final String ID = "eca-net/";

  /** The stages of a ResNet, and the planes of its first. */
  private static final int STAGES = 4;

  private static final int WIDTH = 64;
  private static final int CLASSES = 1000;

  private EcaNetGolden() {}

  static List<GoldenTarget> targets() {
    List<GoldenTarget> targets = new ArrayList<>();
    targets.add(new GoldenTarget(ID + "layer", config -> layer(config, false)));
    targets.add(new GoldenTarget(ID + "layer_ns", config -> layer(config, true)));
    targets.add(new GoldenTarget(ID + "ECABasicBlock", config -> unit(Form.BASIC, config)));
    targets.add(new GoldenTarget(ID + "ECABottleneck", config -> unit(Form.BOTTLENECK, config)));
    targets.add(new GoldenTarget(ID + "InvertedResidual", EcaNetGolden::invertedResidual));
    targets.add(resNet("18", Form.BASIC, 2, 2, 2, 2));
    targets.add(resNet("34", Form.BASIC, 3, 4, 6, 3));
    targets.add(resNet("50", Form.BOTTLENECK, 3, 4, 6, 3));
    targets.add(resNet("101", Form.BOTTLENECK, 3, 4, 23, 3));
    targets.add(resNet("152", Form.BOTTLENECK, 3, 8, 36, 3));
    targets.add(new GoldenTarget(ID + "eca_mobilenet_v2", EcaNetGolden::mobileNet));
    return targets;
  }

  private static GoldenTarget.Case of(UnaryBlock block) {
    return new GoldenTarget.Case(
        block, (pass, inputs) -> Map.of("output", block.forward(pass, inputs.get("x"))));
  }

  /** {@code eca_layer(channel, k_size=3)}; that of ECA-NS has no default. */
  private static GoldenTarget.Case layer(GoldenConfig config, boolean perChannel) {
    int size =
        perChannel
            ? config.integer("k_size")
            : config.integer("k_size", EcaConfig.DEFAULT_KERNEL_SIZE);
    return of(
        new EfficientChannelAttention(
            new EcaConfig(config.integer("channel"), size, false, perChannel)));
  }

  private static ChannelGates gates(int size) {
    return ChannelGates.of(
        "eca", channels -> new EfficientChannelAttention(EcaConfig.of(channels, size)));
  }

  /**
   * {@code ECABasicBlock} and {@code ECABottleneck(inplanes, planes, stride=1, downsample=None,
   * k_size=3)}; {@code downsample} says whether there is one.
   */
  private static GoldenTarget.Case unit(Form form, GoldenConfig config) {
    return of(
        new ResidualUnit(
            form,
            config.integer("inplanes"),
            config.integer("planes"),
            config.integer("stride", 1),
            config.get("downsample", null) != null && config.flag("downsample", false),
            gates(config.integer("k_size", EcaConfig.DEFAULT_KERNEL_SIZE)),
            0));
  }

  /** {@code InvertedResidual(inp, oup, stride, expand_ratio, k_size)}. */
  private static GoldenTarget.Case invertedResidual(GoldenConfig config) {
    return of(
        new InvertedResidual(
            config.integer("inp"),
            config.integer("oup"),
            config.integer("stride"),
            config.decimal("expand_ratio", Double.NaN),
            gates(config.integer("k_size")),
            0));
  }

  /**
   * {@code eca_resnet<depth>(k_size=[3, 3, 3, 3], num_classes=1000, pretrained=False)}; the sizes
   * may be a string of digits too, as on the official command line.
   */
  private static GoldenTarget resNet(String depth, Form form, Integer... units) {
    return new GoldenTarget(
        ID + "eca_resnet" + depth,
        config -> {
          config.ignore("pretrained");
          String sizes =
              config.get("k_size", null) instanceof String digits
                  ? digits
                  : config.integers("k_size", List.of(3, 3, 3, 3)).stream()
                      .map(String::valueOf)
                      .collect(Collectors.joining());
          return of(
              new ResNet(
                  new ResNetConfig(
                      ResNetConfig.Stem.LARGE,
                      form,
                      List.of(units),
                      WIDTH,
                      3,
                      config.integer("num_classes", CLASSES)),
                  new ChannelAttention(Kind.ECA, sizes).forStages(STAGES)));
        });
  }

  /**
   * {@code eca_mobilenet_v2(pretrained=False, progress=True, num_classes=1000, width_mult=1.0)}.
   */
  private static GoldenTarget.Case mobileNet(GoldenConfig config) {
    config.ignore("pretrained", "progress");
    return of(
        new MobileNetV2(
            config.decimal("width_mult", 1),
            3,
            config.integer("num_classes", CLASSES),
            0,
            new ChannelAttention(Kind.ECA, EcaNetProvider.MOBILE).forStages(MobileNetV2.STAGES)));
  }
}
