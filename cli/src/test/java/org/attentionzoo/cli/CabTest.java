package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class CabTest {

  @Test
  void runsThePatternsThatMixersDeclare() throws Exception {
    Run run =
        Run.zoo(
            "bench", "cab", "--lengths=8,16,32", "--width=16", "--batch=1", "--rounds=1", "--json");
    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode rows = new ObjectMapper().readTree(run.out());
    assertThat(rows).hasSize(9);
    for (JsonNode row : rows) {
      assertThat(row.get("holds").asBoolean()).as("%s", row).isTrue();
      assertThat(row.get("bytes")).hasSize(3);
    }
    assertThat(rows.findValuesAsText("mixer")).contains("cab-attention", "cab-abc", "elu");
  }

  @Test
  void refusesAPatternThatIsNotDeclared() {
    Run run = Run.zoo("bench", "cab", "elu", "--patterns=causal_cross");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("elu", "CAUSAL_CROSS");
    assertThat(run.err().lines()).hasSize(1);
  }
}
