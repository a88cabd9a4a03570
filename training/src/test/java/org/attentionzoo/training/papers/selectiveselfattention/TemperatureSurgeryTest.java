package org.attentionzoo.training.papers.selectiveselfattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.Test;

class TemperatureSurgeryTest {

  private static Map<String, Object> decoder(Object groups, Object window) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("heads", 4);
    config.put("keyValueHeads", groups);
    config.put("window", window);
    config.put("width", 96);
    return config;
  }

  @Test
  void keepsWhatBothHave() {
    assertThat(new TemperatureSurgery().settings(decoder(4, 0))).containsOnlyKeys("heads", "width");
  }

  @Test
  void refusesSharedKeysAndWindows() {
    assertThatThrownBy(() -> new TemperatureSurgery().settings(decoder(2, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("keyValueHeads=2");
    assertThatThrownBy(() -> new TemperatureSurgery().settings(decoder(4, 8)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("window of 8");
  }

  @Test
  void allParametersAreTheDecodersOrNew() {
    Papers papers = Papers.load();
    TemperatureSurgery surgery = new TemperatureSurgery();
    Map<String, Object> source = Configs.toMap(papers.preset("decoder-tiny").config());
    assertThat(Configs.toMap(papers.preset("ssa-tiny").config()))
        .containsKeys(surgery.settings(source).keySet().toArray(new String[0]));
    Set<String> old = StateDict.of(papers.preset("decoder-tiny").build()).keySet();
    Set<String> all = new TreeSet<>(StateDict.of(papers.preset("ssa-tiny").build()).keySet());
    all.removeAll(old);
    assertThat(all).isNotEmpty().allMatch(surgery::isNew);
    assertThat(old).noneMatch(surgery::isNew);
  }
}
