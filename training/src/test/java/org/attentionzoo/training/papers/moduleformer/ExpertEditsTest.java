package org.attentionzoo.training.papers.moduleformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.EditedModel;
import org.attentionzoo.training.run.TrainedModel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpertEditsTest {

  private static final Papers PAPERS = Papers.load();
  private static final List<String> GATES =
      List.of(
          "transformer.h.0.attn.q_proj.gate.w_gate.",
          "transformer.h.0.mlpf.gate.w_gate.",
          "transformer.h.1.attn.q_proj.gate.w_gate.",
          "transformer.h.1.mlpf.gate.w_gate.");

  /** The unit of the gate's inner layer that is made constant. */
  private static final int UNIT = 3;

  private TrainedModel model;

  @BeforeEach
  void make() {
    model =
        TrainedModel.initial(
            PAPERS,
            "moduleformer/markov",
            List.of("task.length=16", "task.validationExamples=64"),
            "cpu");
    GATES.forEach(this::alwaysOn);
  }

  @AfterEach
  void close() {
    model.close();
  }

  /**
   * Makes gelu(W1 x + b1) at the unit 5 for all tokens, so that a gate's row can shift its logit.
   */
  private void alwaysOn(String gate) {
    change(gate + "0.weight", array -> fill(array, UNIT * 64, 64, 0));
    change(gate + "0.bias", array -> fill(array, UNIT, 1, 5));
    change(
        gate + "3.weight",
        rows -> {
          for (int expert = 0; expert < 8; expert++) {
            rows[expert * 32 + UNIT] = 0;
          }
        });
  }

  private static void fill(float[] values, int from, int count, float value) {
    Arrays.fill(values, from, from + count, value);
  }

  private void change(String name, Consumer<float[]> change) {
    try (GradientMode ignored = GradientMode.off()) {
      NDArray array = StateDict.of(model.model()).get(name).getArray();
      float[] values = array.toFloatArray();
      change.accept(values);
      array.set(values);
    }
  }

  private static float[] logits(TrainedModel model) {
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = model.manager().newSubManager()) {
      NDArray tokens = scope.arange(0, 24, 1, DataType.INT64).reshape(new Shape(2, 12));
      Pass pass = Pass.inference(new ParameterStore(scope, false));
      return model.model().forward(pass, new NDList(tokens)).head().toFloatArray();
    }
  }

  private EditedModel edit(String name, String... settings) {
    return EditedModel.of(PAPERS, model, name, List.of(settings), model.task(""), 0);
  }

  private static void assertSame(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(2e-6f));
    }
  }

  @Test
  void anExpertWithoutLoadIsNotMissed() {
    // Expert 2 of each mixture: a logit of about -500, a probability of exactly 0.
    for (String gate : GATES) {
      change(gate + "3.weight", rows -> rows[2 * 32 + UNIT] = -100);
    }
    Map<String, Double> figures = model.evaluate(model.task(""), 0).metrics();
    figures.forEach(
        (name, value) -> {
          if (name.contains(".load.")) {
            assertThat(value == 0).as(name).isEqualTo(name.endsWith(".load.2"));
          }
        });
    float[] before = logits(model);
    EditedModel edited = edit("prune-experts", "below=1e-9");
    try (TrainedModel pruned = edited.model()) {
      assertThat(edited.figures())
          .containsEntry("experts_after", 28.0)
          .containsEntry("experts_removed", 0.125);
      assertSame(logits(pruned), before);
    }
  }

  @Test
  void whatIsPrunedAtRandomIsAsMuch() {
    try (TrainedModel byLoad = edit("prune-experts", "below=0.1").model();
        TrainedModel atRandom =
            edit("prune-experts", "below=0.1", "choice=random", "seed=5").model()) {
      assertThat(atRandom.config().modelOverrides().get("layerFeedForwardExperts"))
          .isEqualTo(byLoad.config().modelOverrides().get("layerFeedForwardExperts"));
      assertThat(logits(atRandom)).isNotEqualTo(logits(byLoad));
      assertThat(StateDict.countTrainable(byLoad.model()))
          .isLessThan(StateDict.countTrainable(model.model()));
    }
  }

  @Test
  void asManyStayAsATokenChooses() {
    try (TrainedModel pruned = edit("prune-experts", "below=1").model()) {
      assertThat(pruned.config().modelOverrides())
          .containsEntry("layerAttentionExperts", List.of(2, 2))
          .containsEntry("layerFeedForwardExperts", List.of(2, 2));
      assertThat(logits(pruned)).doesNotContain(Float.NaN);
    }
  }

  @Test
  void newExpertsFarBelowTheOthersChangeNothing(@TempDir Path folder) {
    for (String gate : GATES) {
      change(
          gate + "3.weight",
          rows -> {
            for (int expert = 0; expert < 8; expert++) {
              rows[expert * 32 + UNIT] += 40;
            }
          });
    }
    float[] before = logits(model);
    EditedModel edited = edit("insert-experts", "count=3");
    try (TrainedModel wider = edited.model()) {
      assertThat(edited.figures()).containsEntry("experts_after", 44.0);
      assertSame(logits(wider), before);
      NDArray rows = StateDict.of(wider.model()).get(GATES.get(3) + "3.weight").getArray();
      assertThat(rows.get("8:").abs().max().getFloat()).isZero();
      NDArray experts =
          StateDict.of(wider.model()).get("transformer.h.0.mlpf.experts.weight").getArray();
      assertThat(experts.get("8:").toFloatArray()).doesNotContain(0);
      edited.save(folder.resolve("wider"), Map.of());
      try (TrainedModel loaded = TrainedModel.load(PAPERS, folder.resolve("wider"), "cpu")) {
        assertThat(logits(loaded)).isEqualTo(logits(wider));
        assertThat(loaded.config().modelOverrides()).containsEntry("learningExperts", 3);
      }
    }
  }

  @Test
  void refusesWhatIsNotKnown() {
    assertThatThrownBy(() -> edit("prune-expert"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("prune-experts");
    assertThatThrownBy(() -> edit("insert-experts", "count=0"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("count");
  }
}
