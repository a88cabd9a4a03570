package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BenchScalingTest {

  private static Run scaling(String... more) {
    return Run.zoo(
        Stream.concat(
                Stream.of(
                    "bench",
                    "scaling",
                    "superlinear-tiny",
                    "--lengths=8,16",
                    "--batch=1",
                    "--rounds=1",
                    "--forward"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void tellsThePapersExponentNextToTheFittedOne() throws IOException {
    Run run = scaling("--beside=decoder-tiny", "--json");
    assertThat(run.exit()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    JsonNode spans = json.get("superlinear-tiny");
    assertThat(spans.get("exponent").isNumber()).isTrue();
    assertThat(spans.get("paper_exponent").asDouble()).isEqualTo(1.5);
    assertThat(spans.get("paper_statement").asText()).contains("L^1.5");
    assertThat(spans.get("lengths").get(1).get("length").asInt()).isEqualTo(16);
    JsonNode decoder = json.get("decoder-tiny");
    assertThat(decoder.get("exponent").isNumber()).isTrue();
    assertThat(decoder.get("paper_exponent").isNull()).isTrue();
    assertThat(scaling().out()).contains("cost grows as length^", "; the paper: 1.50, O(L^(1");
  }
}
