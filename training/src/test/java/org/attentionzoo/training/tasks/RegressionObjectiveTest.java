package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Objective;
import org.junit.jupiter.api.Test;

class RegressionObjectiveTest {

  private static Objective.Outcome judge(NDArray values, NDArray labels) {
    return new RegressionObjective()
        .evaluate(
            new NDList(values), new Batch(new NDList(), new NDList(labels), new long[] {0, 1}));
  }

  @Test
  void isTheMeanSquaredErrorOverAllValues() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray values = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
      NDArray labels = manager.create(new float[] {1, 0, 3, 8, 5, 7}, new Shape(2, 3));
      Objective.Outcome outcome = judge(values, labels);
      assertThat(outcome.loss().getFloat()).isEqualTo(3.5f);
      assertThat(outcome.weight()).isEqualTo(2);
      assertThat(outcome.metrics()).containsOnlyKeys("mean_absolute_error");
      assertThat(outcome.metrics().get("mean_absolute_error").getFloat()).isEqualTo(7f / 6);
    }
  }

  @Test
  void tellsErrorsInTheUnitOfTheValues() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray values = manager.create(new float[] {1, 2}, new Shape(2, 1));
      NDArray labels = manager.create(new float[] {1, 0}, new Shape(2, 1));
      Objective.Outcome outcome =
          new RegressionObjective(1000)
              .evaluate(
                  new NDList(values),
                  new Batch(new NDList(), new NDList(labels), new long[] {0, 1}));
      assertThat(outcome.loss().getFloat()).isEqualTo(2);
      assertThat(outcome.metrics().get("mean_absolute_error").getFloat()).isEqualTo(1000);
    }
  }

  @Test
  void refusesShapesThatWouldBeSpread() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray values = manager.zeros(new Shape(2, 3));
      NDArray labels = manager.zeros(new Shape(2, 1));
      assertThatThrownBy(() -> judge(values, labels))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("the data asks for");
    }
  }
}
