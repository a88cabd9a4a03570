package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scaling superlinear-tiny --lengths , | --lengths [] was given",
        "scaling superlinear-tiny --lengths 8 | --lengths [8] was given",
        "scaling superlinear-tiny --lengths 16,16 | at least two different lengths",
        "train decoder-tiny --length 0 | --length 0 was given; it must be 1 or more",
        "train eca-resnet-tiny --length 64 | --length 64 was given, but the size of eca-resnet-tiny",
        "train decoder-tiny --steps -1 | --steps -1 was given; it must be 0 or more",
        "infer decoder-tiny --length -5 | --length -5 was given; it must be 1 or more",
        "activation seqboat-lm-tiny --length 0 | --length 0 was given; it must be 1 or more",
        "activation seqboat-lm-tiny --shares , | --shares names none"
      })
  void refusesNumbersThatMeanNothing(String line, String message) {
    Run run = Run.zoo(("bench " + line).split(" "));
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains(message);
    assertThat(run.out()).isEmpty();
  }
}
