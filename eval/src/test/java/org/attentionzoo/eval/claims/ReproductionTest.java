package org.attentionzoo.eval.claims;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.RunTrainer;
import org.attentionzoo.training.run.TrainingListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReproductionTest {

  private static final Papers PAPERS = Papers.load();

  @TempDir private Path folder;

  @Test
  void aRunThatWasStoppedBeforeItsLastEvaluationIsGoneOnWith() {
    List<String> told = new ArrayList<>();
    assertThat(run(stopping(2, told))).isEmpty();
    assertThat(told).containsExactly("run 1");
    assertThat(run(stopping(0, told))).isPresent();
    assertThat(told.subList(1, 4)).containsExactly("run 1", "evaluated 2", "run 2");
    told.clear();
    assertThat(run(stopping(0, told))).isPresent();
    assertThat(told).isEmpty();
  }

  private Optional<List<Outcome>> run(RunTrainer trainer) {
    Claim claim = Claims.all(PAPERS).get("eca-net/channel-corruption");
    List<String> settings =
        List.of(
            "steps=2",
            "evaluateEvery=2",
            "checkpointEvery=0",
            "schedule.warmup=0",
            "task.batch=2",
            "task.validationExamples=4");
    return new Reproduction(PAPERS, claim, folder, List.of(1L), settings, 0)
        .run(trainer, Map.of(), outcome -> {}, () -> false);
  }

  /** Asks a run to stop after a step; 0 for none. */
  private static RunTrainer stopping(long step, List<String> told) {
    return (run, arm, number, count) -> {
      told.add("run " + number);
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              if (progress.step() == step) {
                run.requestStop();
              }
            }

            @Override
            public void evaluated(long at, Evaluation.Result result, boolean best) {
              told.add("evaluated " + at);
            }
          });
      return run.train();
    };
  }
}
