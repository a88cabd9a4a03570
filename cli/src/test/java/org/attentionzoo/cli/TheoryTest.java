package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class TheoryTest {

  @Test
  void attentionStateSpaceModelAndRecurrentNetworkAreOneForm() throws Exception {
    Run run = Run.zoo("theory", "dsf", "model.width=16", "model.state=4", "--length=9", "--json");
    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.out());
    assertThat(found.fieldNames())
        .toIterable()
        .containsExactly(
            "dsf-linear", "dsf-normalised", "dsf-s6", "dsf-qlstm", "dsf-qlstm-reversed");
    for (JsonNode mixers : found) {
      JsonNode report = mixers.get(0);
      assertThat(report.get("recurrence").asDouble()).isLessThan(1e-11);
      assertThat(report.get("kernel").asDouble()).isLessThan(1e-11);
      assertThat(report.get("leak").asDouble()).isZero();
      assertThat(report.get("largest").asDouble()).isPositive();
      assertThat(report.get("state").asLong()).isEqualTo(16 * report.get("expansion").asLong());
    }
    JsonNode stateSpace = found.get("dsf-s6").get(0);
    assertThat(stateSpace.get("expansion").asInt()).isEqualTo(4);
    assertThat(stateSpace.get("decay").get("largest").asDouble()).isBetween(0.9, 1.0);
    assertThat(stateSpace.get("decay").get("growing").asDouble()).isZero();
    assertThat(found.get("dsf-qlstm").get(0).get("expansion").asInt()).isEqualTo(1);
  }

  @Test
  void saysThatAModelDoesNotTellItsMatrices() {
    Run run = Run.zoo("theory", "dsf", "dsf-softmax");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("dsf-softmax has no mixer that tells its matrices");
  }
}
