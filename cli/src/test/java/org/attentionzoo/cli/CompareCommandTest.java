package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {

  @TempDir Path folder;

  @Test
  void showsTheRunsAndTellsTheFiguresOfEachSeed() throws IOException {
    Run first = compare("--json");
    assertThat(first.exit()).as(first.err()).isZero();
    assertThat(first.err()).contains("run 4 of 4: elu, seed 2, 2 steps");
    JsonNode rows = new ObjectMapper().readTree(first.out());
    assertThat(rows).hasSize(2);
    JsonNode loss = rows.get(1).get("metrics").get("loss");
    assertThat(rows.get(1).get("mixer").asText()).isEqualTo("elu");
    assertThat(loss.get("mean").asDouble())
        .isEqualTo((loss.get("seeds").get(0).asDouble() + loss.get("seeds").get(1).asDouble()) / 2);
    assertThat(folder.resolve("report.html")).content().contains("2 mixers in one decoder");

    Run again = compare();
    assertThat(again.err()).doesNotContain("run ");
    assertThat(again.out())
        .contains(String.format("%.4f ± ", loss.get("mean").asDouble()))
        .contains("report: ");
  }

  @Test
  void listsMixersAsJson() throws IOException {
    Run run = Run.zoo("compare", "--list", "--json");
    assertThat(new ObjectMapper().readTree(run.out()).findValuesAsText("mixer"))
        .contains("attention", "elu");
  }

  private Run compare(String... options) {
    String[] arguments = {
      "compare",
      "attention",
      "elu",
      "--seeds=1,2",
      "--out=" + folder,
      "steps=2",
      "evaluateEvery=2",
      "task.batch=2",
      "task.validationExamples=4"
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + options.length);
    System.arraycopy(options, 0, all, arguments.length, options.length);
    return Run.zoo(all);
  }
}
