package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.attentionzoo.blocks.FileTree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReproduceCommandTest {

  private static final String CLAIM = "eca-net/channel-corruption";
  private static final String[] SHORT = {"steps=30", "evaluateEvery=0", "checkpointEvery=10"};

  @TempDir Path folder;
  private String out;
  private String err;

  @Test
  void judgesGoesOnAndFlipsForABrokenControl() throws IOException {
    Path runs = folder.resolve("runs");
    Path record = folder.resolve("results");
    run("--seeds", "1,2", "--record", record.toString());
    JsonNode result = result(runs);
    assertThat(result.get("outcomes")).hasSize(8);
    assertThat(result.get("checks").get(0).get("statement").asText())
        .isEqualTo("loss of ECA / no gate <= 0.6");
    assertThat(out).contains(result.get("verdict").asText());
    assertThat(runs.resolve("report.html")).content().contains("Claim " + CLAIM);

    // A second call repeats nothing; one more seed is added.
    Path weights = runs.resolve("ECA-seed1/checkpoints/step-00000030/model.safetensors");
    FileTime before = Files.getLastModifiedTime(weights);
    run("--seeds", "1,2,3");
    assertThat(Files.getLastModifiedTime(weights)).isEqualTo(before);
    assertThat(result(runs).get("outcomes")).hasSize(12);
    assertThat(result(runs).get("outcomes").get(0)).isEqualTo(result.get("outcomes").get(0));

    assertThat(run("--seeds", "1,2,3", "--candidate", "wrong axis")).isEqualTo(1);
    JsonNode flipped =
        new ObjectMapper().readTree(Files.readString(runs.resolve("result-of-wrong-axis.json")));
    assertThat(flipped.get("verdict").asText()).isEqualTo("not reproduced");
    assertThat(flipped.get("checks").get(0).get("statement").asText())
        .contains("wrong axis / no gate");
    assertThat(result(runs).get("candidate").asText()).isEqualTo("ECA");

    assertThat(zoo("results", record.toString(), "--out", folder.resolve("R.md").toString()))
        .isZero();
    assertThat(folder.resolve("R.md"))
        .content()
        .contains("**" + CLAIM + "**")
        .contains("ECA-seed1");
  }

  @Test
  void namesTheFileThatHoldsNoResult() throws IOException {
    Path file = folder.resolve("broken.json");
    Files.writeString(file, "{broken");
    assertThat(zoo("results", folder.toString())).isEqualTo(2);
    assertThat(err).contains(file + " is no valid JSON").doesNotContain("REDACTED");
    Files.writeString(file, "{\"claim\": \"a\", \"verdict\": \"reproduced\"}");
    assertThat(zoo("results", file.toString())).isEqualTo(2);
    assertThat(err).contains(file + " holds no result of a claim");
  }

  @Test
  void refusesAFolderWithOtherRuns() {
    run("--seeds", "1");
    int code =
        zoo(
            "reproduce",
            CLAIM,
            "steps=31",
            "--seeds",
            "1",
            "--out",
            folder.resolve("runs").toString());
    assertThat(code).isEqualTo(2);
    assertThat(err).contains("steps=30").contains("now it is 31");
  }

  @Test
  void helpNamesACandidateThatIsThere() {
    String help = Run.zoo("reproduce", "--help").out();
    assertThat(help).contains("zoo reproduce deberta --candidate 'content only' ");
    assertThat(zoo("reproduce", "deberta/permuted", "--candidate", "nosuch")).isEqualTo(2);
    assertThat(err).contains("content only");
  }

  @Test
  void quickGivesNoVerdict() {
    assertThat(zoo("reproduce", CLAIM, "--quick", "--out", folder.resolve("q").toString()))
        .isZero();
    assertThat(out).contains("no verdict").doesNotContain("reproduced");
  }

  @Test
  void listsClaimsAndSuggestsNames() {
    assertThat(zoo("reproduce")).isZero();
    assertThat(out).contains("sasrec/games").contains(CLAIM);
    assertThat(zoo("reproduce", "eca-nett")).isEqualTo(2);
    assertThat(err).contains("eca-net");
  }

  @Test
  void listsClaimsAsJson() throws IOException {
    assertThat(zoo("reproduce", "--json")).isZero();
    assertThat(new ObjectMapper().readTree(out).findValuesAsText("claim")).contains(CLAIM);
  }

  @Test
  void asksForTheClaimThatOptionsAreAbout() {
    for (String option : new String[] {"steps=2", "--quick", "--seeds=1", "--record=r"}) {
      assertThat(zoo("reproduce", option)).isEqualTo(2);
      assertThat(err.lines()).singleElement().asString().contains("no claim was given");
    }
  }

  @Test
  void printsNothingButJson() throws IOException {
    assertThat(zoo("reproduce", CLAIM, "--quick", "--json")).isEqualTo(2);
    assertThat(err).contains("--quick gives no verdict");
    run("--seeds", "1", "--json");
    assertThat(new ObjectMapper().readTree(out).get("claim").asText()).isEqualTo(CLAIM);
  }

  /** A seed given twice would pass for two and make an interval of no width. */
  @ParameterizedTest
  @ValueSource(
      strings = {"reproduce " + CLAIM, "compare attention elu --data mqar:", "cab cab-abc elu"})
  void refusesASeedThatIsNamedTwice(String line) {
    assertThat(zoo((line + " --seeds 1,2,1 steps=1").split(" "))).isEqualTo(2);
    assertThat(err.lines())
        .singleElement()
        .asString()
        .contains("--seeds 1,2,1", "1 is there twice");
  }

  @Test
  void refusesSeedsThatAreNone() {
    assertThat(zoo("reproduce", CLAIM, "--seeds", ",")).isEqualTo(2);
    assertThat(err.lines()).singleElement().asString().contains("--seeds was given without a seed");
  }

  /** Figures of another checkpoint would pass for those of the claim's. */
  @Test
  void judgesByNoOtherCheckpointThanTheBest() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "To be, or not to be, that is the question. ".repeat(400));
    String[] line = {
      "reproduce",
      "lssar/length",
      "data=text:" + text,
      "steps=4",
      "evaluateEvery=2",
      "checkpointEvery=2",
      "keep=2",
      "--seeds=1",
      "--out=" + folder.resolve("best")
    };
    assertThat(zoo(line)).isEqualTo(1);
    Path run = folder.resolve("best/softmax-seed1");
    Path checkpoints = run.resolve("checkpoints");
    // As if the loss had risen again.
    Path newest = checkpoints.resolve("step-00000004/checkpoint.json");
    String state = Files.readString(newest);
    assertThat(state).containsPattern("\"bestStep\" ?: ?[24]\\b");
    Files.writeString(newest, state.replaceAll("(\"bestStep\" ?: ?)\\d+", "$12"));
    Files.writeString(checkpoints.resolve("step-00000002/model.safetensors"), "damaged");
    assertThat(zoo(line)).isEqualTo(2);
    assertThat(err.lines())
        .last()
        .asString()
        .contains("the best checkpoint of " + run + ", of step 2, is damaged or gone");

    FileTree.delete(run);
    assertThat(zoo(line)).isEqualTo(1);
  }

  private int run(String... options) {
    String[] arguments = new String[2 + SHORT.length + options.length + 2];
    arguments[0] = "reproduce";
    arguments[1] = CLAIM;
    System.arraycopy(SHORT, 0, arguments, 2, SHORT.length);
    System.arraycopy(options, 0, arguments, 2 + SHORT.length, options.length);
    arguments[arguments.length - 2] = "--out";
    arguments[arguments.length - 1] = folder.resolve("runs").toString();
    return zoo(arguments);
  }

  private int zoo(String... arguments) {
    Run run = Run.zoo(arguments);
    out = run.out();
    err = run.err();
    return run.exit();
  }

  private static JsonNode result(Path runs) throws IOException {
    return new ObjectMapper().readTree(Files.readString(runs.resolve("result.json")));
  }
}
