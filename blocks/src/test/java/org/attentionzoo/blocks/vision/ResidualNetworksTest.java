package org.attentionzoo.blocks.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.layers.BatchNorm2d;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention.Kind;
import org.attentionzoo.blocks.vision.ResidualUnit.Form;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResidualNetworksTest {

  private static ResNet resNet50(ChannelGates gates) {
    return new ResNet(
        new ResNetConfig(
            ResNetConfig.Stem.LARGE, Form.BOTTLENECK, List.of(3, 4, 6, 3), 64, 3, 1000),
        gates);
  }

  @ParameterizedTest
  @CsvSource({
    "NONE, 3557, 25557032",
    "ECA, 3557, 25557112",
    "ECA, adaptive, 25557118",
    "CECA, 3557, 25557112",
    "SE, 3557, 28071976",
  })
  void resNet50HasTheOfficialNumberOfParameters(Kind kind, String sizes, long count) {
    assertThat(StateDict.countTrainable(resNet50(new ChannelAttention(kind, sizes))))
        .isEqualTo(count);
  }

  @Test
  void namesAreOfficial() {
    Map<String, Parameter> resNet = StateDict.of(resNet50(new ChannelAttention(Kind.ECA, "3557")));
    assertThat(resNet.keySet())
        .contains(
            "conv1.weight",
            "bn1.running_var",
            "layer1.0.downsample.1.num_batches_tracked",
            "layer3.5.eca.conv.weight",
            "layer4.2.conv3.weight",
            "fc.bias");
    assertThat(resNet.get("layer3.5.eca.conv.weight").getShape()).isEqualTo(new Shape(1, 1, 5));
    MobileNetV2 mobile =
        new MobileNetV2(1, 3, 1000, 0.25, new ChannelAttention(Kind.ECA, "1111333"));
    Map<String, Parameter> names = StateDict.of(mobile);
    assertThat(names.keySet())
        .contains(
            "features.0.0.weight",
            "features.1.conv.3.conv.weight",
            "features.2.conv.4.conv.weight",
            "features.17.conv.4.conv.weight",
            "features.18.1.weight",
            "classifier.1.weight");
    assertThat(names.get("features.10.conv.4.conv.weight").getShape().size()).isEqualTo(1);
    assertThat(names.get("features.11.conv.4.conv.weight").getShape().size()).isEqualTo(3);
  }

  @Test
  void trainingMovesTheRunningStatisticsAsPyTorchDoes() {
    try (NDManager manager = NDManager.newBaseManager()) {
      BatchNorm2d norm = new BatchNorm2d(1);
      norm.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.create(new float[] {1, 2, 3, 6}, new Shape(2, 1, 1, 2));
      NDArray y = norm.forward(Pass.training(new ParameterStore(manager, false)), x);
      // Mean 3, biased variance 3.5, unbiased 14/3.
      assertThat(y.getFloat(0, 0, 0, 0))
          .isCloseTo((float) (-2 / Math.sqrt(3.50001)), within(1e-6f));
      Map<String, Parameter> names = StateDict.of(norm);
      assertThat(names.get("running_mean").getArray().getFloat(0)).isCloseTo(0.3f, within(1e-6f));
      assertThat(names.get("running_var").getArray().getFloat(0))
          .isCloseTo((float) (0.9 + 0.1 * 14 / 3), within(1e-6f));
      assertThat(names.get("num_batches_tracked").getArray().getLong()).isEqualTo(1);
      NDArray still = norm.forward(Pass.inference(new ParameterStore(manager, false)), x);
      assertThat(still.getFloat(0, 0, 0, 0))
          .isCloseTo((float) (0.7 / Math.sqrt(0.9 + 1.4 / 3 + 1e-5)), within(1e-6f));
      assertThat(names.get("num_batches_tracked").getArray().getLong()).isEqualTo(1);
      NDArray single = x.get(":1, :, :, :1");
      assertThatThrownBy(
              () -> norm.forward(Pass.training(new ParameterStore(manager, false)), single))
          .hasMessageContaining("one value per channel");
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new ResidualUnit(Form.BASIC, 4, 8, 1, false, ChannelGates.NONE, 0))
        .hasMessageContaining("needs downsample");
    assertThatThrownBy(() -> new ChannelAttention(Kind.ECA, "357").forStages(4))
        .hasMessageContaining("has 4 stages");
    assertThatThrownBy(() -> new ChannelAttention(Kind.ECA, "3456"))
        .hasMessageContaining("odd digit");
  }
}
