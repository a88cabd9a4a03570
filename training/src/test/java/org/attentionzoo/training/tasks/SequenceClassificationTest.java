package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.MarkedSymbols;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;
import org.junit.jupiter.api.Test;

class SequenceClassificationTest {

  private final MarkedSymbolsTaskProvider provider = new MarkedSymbolsTaskProvider();

  @Test
  void tellsTheModelItsSizes() {
    Task task = provider.create("", provider.defaults(), Map.of());
    assertThat(task.kind()).isEqualTo(ModelKind.SEQUENCE_CLASSIFIER);
    assertThat(task.modelSettings()).isEqualTo(Map.of("vocabulary", 6, "classes", 2));
    assertThat(task.description()).containsEntry("chance", 0.5);
    assertThatThrownBy(() -> provider.create("x", provider.defaults(), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("marked-symbols:x");
  }

  @Test
  void judgesOneLabelForASequence() {
    Task task = provider.create("", MarkedSymbols.Options.standard(), Map.of());
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray logits = manager.create(new float[][] {{1, 3}, {2, 0}, {0, 1}});
      NDList labels = new NDList(manager.create(new long[] {1, 0, 0}));
      Objective.Outcome outcome =
          task.objective()
              .evaluate(new NDList(logits), new Batch(new NDList(), labels, new long[3]));
      double expected =
          (Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(1))) / 3;
      assertThat((double) outcome.loss().getFloat()).isCloseTo(expected, within(1e-6));
      assertThat((double) outcome.metrics().get("accuracy").getFloat())
          .isCloseTo(2.0 / 3, within(1e-6));
      assertThat(outcome.weight()).isEqualTo(3);
    }
  }
}
