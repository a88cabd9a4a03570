package org.attentionzoo.eval.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.compare.MixerComparison.Arm;
import org.attentionzoo.eval.compare.MixerComparison.Row;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.RunTrainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixerComparisonTest {

  private static final List<String> BRIEF =
      List.of("steps=2", "evaluateEvery=2", "task.batch=2", "task.validationExamples=4");

  @TempDir Path folder;

  @Test
  void everyMixerHasAsManyParametersAsTheFirst() {
    Papers papers = Papers.load();
    List<String> mixers = new ArrayList<>(List.of("attention", "convolution+based"));
    papers.mixers().stream()
        .map(MixerEntry::name)
        .filter(m -> !mixers.contains(m))
        .forEach(mixers::add);
    List<Arm> arms =
        MixerComparison.plan(papers, "transformer/compare", mixers, List.of(1L), List.of()).arms();
    long wanted = arms.get(0).parameters();
    for (Arm arm : arms) {
      // A unit more or less in the two layers' networks of width 64 is 384 parameters.
      assertThat(arm.parameters()).as(arm.mixer()).isCloseTo(wanted, within(192L));
    }
  }

  @Test
  void whatIsTrainedIsNotTrainedAgainAndAnotherRunIsNotTaken() throws Exception {
    Papers papers = Papers.load();
    List<String> mixers = List.of("attention", "elu");
    List<Long> seeds = List.of(1L, 2L);
    MixerComparison comparison =
        MixerComparison.plan(papers, "transformer/compare", mixers, seeds, BRIEF);
    RunTrainer trainer = (run, arm, number, count) -> run.train();
    assertThat(comparison.run(folder, trainer, () -> true)).isEmpty();
    assertThat(folder).isEmptyDirectory();
    List<Row> rows = comparison.run(folder, trainer, () -> false).orElseThrow();
    assertThat(rows).extracting(r -> r.arm().mixer()).containsExactlyElementsOf(mixers);
    assertThat(rows.get(1).metrics().get("loss")).hasSize(2).doesNotHaveDuplicates();

    byte[] before = Files.readAllBytes(folder.resolve("elu-2").resolve("metrics.jsonl"));
    assertThat(comparison.run(folder, trainer, () -> false)).contains(rows);
    assertThat(Files.readAllBytes(folder.resolve("elu-2").resolve("metrics.jsonl")))
        .isEqualTo(before);

    List<String> longer = new ArrayList<>(BRIEF);
    longer.set(0, "steps=3");
    MixerComparison other =
        MixerComparison.plan(papers, "transformer/compare", mixers, seeds, longer);
    assertThatThrownBy(() -> other.run(folder, trainer, () -> false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds another run");
  }

  @Test
  void spreadIsTheDeviationOfASample() {
    Row row = new Row(null, 0, Map.of("loss", List.of(1.0, 2.0, 3.0), "one", List.of(4.0)));
    assertThat(row.mean("loss")).isEqualTo(2);
    assertThat(row.deviation("loss")).isEqualTo(1);
    assertThat(row.deviation("one")).isNaN();
    assertThat(row.mean("other")).isNaN();
  }

  @Test
  void mistakesAreToldBeforeAnythingIsTrained() {
    Papers papers = Papers.load();
    assertThatThrownBy(
            () ->
                MixerComparison.plan(
                    papers,
                    "transformer/compare",
                    List.of("attention", "atention"),
                    List.of(1L),
                    List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("did you mean 'attention'");
    assertThatThrownBy(
            () ->
                MixerComparison.plan(
                    papers, "titans-mac-tiny", List.of("attention"), List.of(1L), List.of()))
        .isInstanceOf(UserException.class);
  }
}
