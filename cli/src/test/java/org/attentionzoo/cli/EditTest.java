package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EditTest {

  @TempDir private Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private void train(String model, String... settings) {
    String[] arguments = {
      "train", model, "--data", "markov:", "--out", path(model), "steps=1", "evaluateEvery=0"
    };
    assertThat(Run.zoo(join(arguments, settings)).exit()).isZero();
  }

  private static String[] join(String[] first, String... second) {
    String[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  @Test
  void prunesWhatCanBeEvaluatedAndTrainedFurther() {
    String[] small = {"task.batch=2", "task.length=8", "task.validationExamples=2"};
    train("moduleformer-tiny", small);
    Run told = Run.zoo("edit", path("moduleformer-tiny"), "prune-experts", "below=1");
    assertThat(told.exit()).isZero();
    assertThat(told.out()).contains("2 stay", "experts after    12").doesNotContain("run folder");
    Run pruned =
        Run.zoo(
            "edit", path("moduleformer-tiny"), "prune-experts", "below=1", "--out", path("pruned"));
    assertThat(pruned.out()).contains("run folder: " + path("pruned"));
    assertThat(Run.zoo("eval", path("pruned")).out()).contains("loss");
    String[] further = {
      "train",
      "moduleformer-tiny",
      "--from",
      path("pruned"),
      "--data",
      "markov:",
      "--out",
      path("further"),
      "steps=1",
      "evaluateEvery=0"
    };
    assertThat(Run.zoo(join(further, small)).exit()).isZero();
    Run again =
        Run.zoo("edit", path("further"), "insert-experts", "count=3", "--out", path("pruned"));
    assertThat(again.exit()).isEqualTo(2);
    assertThat(again.err()).contains("already holds a run");
  }

  @Test
  void saysWhatCanBeEdited() {
    assertThat(Run.zoo("edit", "--list").out())
        .contains("prune-experts", "insert-experts", "below=0.02");
    Run nothing = Run.zoo("edit");
    assertThat(nothing.exit()).isEqualTo(2);
    assertThat(nothing.err()).contains("zoo edit --list");
    train("decoder-tiny", "task.validationExamples=2");
    Run other = Run.zoo("edit", path("decoder-tiny"), "prune-experts");
    assertThat(other.exit()).isEqualTo(2);
    assertThat(other.err()).contains("cannot be edited", "moduleformer");
  }
}
