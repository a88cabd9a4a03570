package org.attentionzoo.training.papers.hyperattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.Test;

class HyperAttentionSurgeryTest {

  private static final Papers PAPERS = Papers.load();

  private static Map<String, Object> decoder(String key, Object value) {
    Map<String, Object> config =
        new LinkedHashMap<>(Configs.toMap(PAPERS.preset("decoder-tiny").config()));
    config.put(key, value);
    return config;
  }

  private static Set<String> names(String preset, Map<String, ?> settings) {
    return StateDict.of(build(PAPERS.preset(preset), settings)).keySet();
  }

  private static <C extends Record> ZooBlock build(
      Papers.Preset<C> preset, Map<String, ?> settings) {
    return preset.model().factory().apply(Configs.fromMap(preset.config(), settings));
  }

  @Test
  void aDecoderKeepsItsWeights() {
    HyperAttentionSurgery surgery = new HyperAttentionSurgery();
    Map<String, Object> settings = surgery.settings(decoder("layers", 2));
    assertThat(names(surgery.target() + "-tiny", settings))
        .isEqualTo(names(surgery.source() + "-tiny", Map.of("layers", 2)));
  }

  @Test
  void refusesSharedKeysAndWindows() {
    assertThatThrownBy(() -> new HyperAttentionSurgery().settings(decoder("keyValueHeads", 2)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("keyValueHeads=2");
    assertThatThrownBy(() -> new HyperAttentionSurgery().settings(decoder("window", 8)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("window of 8");
  }
}
