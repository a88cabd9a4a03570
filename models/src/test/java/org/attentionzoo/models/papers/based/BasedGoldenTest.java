package org.attentionzoo.models.papers.based;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BasedGoldenTest {

  private static final GoldenTarget GPT =
      BasedGolden.targets().stream()
          .filter(target -> target.name().equals("based/gpt"))
          .findFirst()
          .orElseThrow();

  @ParameterizedTest
  @CsvSource({
    "activation_function, gelu_new, swiglu",
    "rms_norm, false, true",
    "max_position_embeddings, 1024, 0",
    "rotary_emb_fraction, 0, 1"
  })
  void whatIsAbsentHasTheOfficialDefault(String key, String absent, String built) {
    Map<String, Object> values = new HashMap<>();
    values.put("activation_function", "swiglu");
    values.put("rms_norm", true);
    values.put("max_position_embeddings", 0);
    values.put("rotary_emb_fraction", 1);
    values.remove(key);
    GoldenConfig config = new GoldenConfig(values);
    assertThatThrownBy(() -> GPT.build().apply(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("config key '%s' is %s; only %s is built", key, absent, built);
  }
}
