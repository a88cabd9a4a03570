package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Arrays;
import org.attentionzoo.eval.cab.PatternTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
      assertThat(row.get("milliseconds").get("8").get("samples_ms")).hasSize(1);
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

  @TempDir Path folder;

  @Test
  void trainsInThePatternsThatAreSupportedAndSumsThemUp() throws Exception {
    Run first = cab("--json");
    assertThat(first.exit()).as(first.err()).isZero();
    assertThat(first.err()).contains("run 10 of 10: copy, cab-nothing, seed 1, 2 steps");
    JsonNode patterns = new ObjectMapper().readTree(first.out());
    assertThat(patterns.findValuesAsText("pattern")).containsExactly("causal self", "causal cross");
    assertThat(patterns.get(0).get("attentions").fieldNames())
        .toIterable()
        .containsExactly("cab-attention", "cab-abc", "cab-local", "cab-nothing");
    JsonNode cross = patterns.get(1).get("attentions");
    assertThat(cross.has("cab-local")).isFalse();
    double attention = cross.get("cab-attention").get("index").asDouble();
    double memory = cross.get("cab-abc").get("index").asDouble();
    assertThat(attention + memory).as("mean of the pool").isCloseTo(0, within(1e-6));
    assertThat(folder.resolve("report.html")).content().contains("Attentions in 2 patterns");

    Run again = cab();
    assertThat(again.err()).doesNotContain("run ");
    assertThat(again.out()).contains("causal cross").contains("extraction loss").contains("index");
  }

  @Test
  void namesATaskThatIsNotThere() {
    Run run = Run.zoo("cab", "--tasks=extractoin");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("extractoin", "did you mean 'extraction'?");
  }

  @Test
  void helpNamesAllTasks() {
    String help = Run.zoo("cab", "--help").out();
    for (PatternTask task : PatternTask.ALL) {
      assertThat(help).containsPattern("[ (]" + task.name() + "[ ,;]");
    }
  }

  @Test
  void aLoneAttentionIsRefused() {
    Run run = Run.zoo("cab", "cab-local", "cab-abc", "--patterns=causal_cross");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("only cab-abc does");
  }

  private Run cab(String... options) {
    String[] arguments = {
      "cab",
      "cab-attention",
      "cab-abc",
      "cab-local",
      "cab-nothing",
      "--patterns=causal_self,causal_cross",
      "--seeds=1",
      "--out=" + folder,
      "steps=2",
      "task.batch=2",
      "task.validationExamples=4",
      "model.width=8",
      "model.hidden=16"
    };
    String[] all = Arrays.copyOf(arguments, arguments.length + options.length);
    System.arraycopy(options, 0, all, arguments.length, options.length);
    return Run.zoo(all);
  }
}
