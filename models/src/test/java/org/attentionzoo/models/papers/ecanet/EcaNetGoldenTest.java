package org.attentionzoo.models.papers.ecanet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.junit.jupiter.api.Test;

class EcaNetGoldenTest {

  private static ZooBlock build(String name, Map<String, Object> values) {
    GoldenTarget target =
        EcaNetGolden.targets().stream()
            .filter(t -> t.name().equals("eca-net/" + name))
            .findFirst()
            .orElseThrow();
    GoldenConfig config = new GoldenConfig(values);
    ZooBlock block = target.build().apply(config).block();
    config.finish();
    return block;
  }

  private static long parameters(String name, Map<String, Object> values) {
    return StateDict.countTrainable(build(name, values));
  }

  @Test
  void wholeNetworksHaveTheOfficialDefaults() {
    // 16 gates of 3 weights each, and the published sizes.
    assertThat(parameters("eca_resnet50", Map.of())).isEqualTo(25557032 + 48);
    assertThat(parameters("eca_resnet50", Map.of("k_size", List.of(3, 5, 5, 7))))
        .isEqualTo(25557112);
    assertThat(parameters("eca_resnet50", Map.of("k_size", "3557", "pretrained", false)))
        .isEqualTo(25557112);
    assertThat(parameters("eca_resnet18", Map.of("num_classes", 10)))
        .isEqualTo(11689512 + 8 * 3 - 990 * 513);
    // 10 gates of 1 weight below 96 channels, 7 of 3 from there.
    assertThat(parameters("eca_mobilenet_v2", Map.of())).isEqualTo(3504872 + 31);
  }

  @Test
  void unitsTakeTheOfficialArguments() {
    assertThat(parameters("layer_ns", Map.of("channel", 6, "k_size", 5))).isEqualTo(30);
    assertThat(parameters("ECABasicBlock", Map.of("inplanes", 4, "planes", 4)))
        .isEqualTo(2 * 144 + 2 * 8 + 3);
    assertThat(
            parameters(
                "InvertedResidual",
                Map.of("inp", 5, "oup", 5, "stride", 1, "expand_ratio", 2.5, "k_size", 3)))
        // Python rounds 12.5 to 12.
        .isEqualTo(5 * 12 + 24 + 9 * 12 + 24 + 12 * 5 + 10 + 3);
  }
}
