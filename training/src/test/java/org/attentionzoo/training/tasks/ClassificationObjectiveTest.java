package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.junit.jupiter.api.Test;

class ClassificationObjectiveTest {

  @Test
  void isTheSmoothedCrossEntropyWithTheSharesOfHits() {
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] logits = {0, 1, 2, 3, 4, 5, 6, 9, 1, 1, 1, 1, 1, 1};
      NDArray x = manager.create(logits, new Shape(2, 7));
      NDArray labels = manager.create(new long[] {1, 0}, new Shape(2));
      Batch batch = new Batch(new NDList(), new NDList(labels), new long[2]);
      double[] logarithms = new double[14];
      for (int row = 0; row < 2; row++) {
        double sum = 0;
        for (int i = 0; i < 7; i++) {
          sum += Math.exp(logits[7 * row + i]);
        }
        for (int i = 0; i < 7; i++) {
          logarithms[7 * row + i] = logits[7 * row + i] - Math.log(sum);
        }
      }
      double sharp = -(logarithms[1] + logarithms[7]) / 2;
      double even = 0;
      for (double logarithm : logarithms) {
        even -= logarithm / 14;
      }
      Objective.Outcome plain = new ClassificationObjective(0).evaluate(new NDList(x), batch);
      Objective.Outcome smooth = new ClassificationObjective(0.1).evaluate(new NDList(x), batch);
      assertThat((double) plain.loss().getFloat()).isCloseTo(sharp, within(1e-5));
      assertThat((double) smooth.loss().getFloat())
          .isCloseTo(0.9 * sharp + 0.1 * even, within(1e-5));
      assertThat(plain.weight()).isEqualTo(2);
      assertThat(plain.metrics().get("accuracy").getFloat()).isEqualTo(0.5f);
      // The label 1 of row 0 is the sixth largest.
      assertThat(plain.metrics().get("top_5_accuracy").getFloat()).isEqualTo(0.5f);
    }
  }

  @Test
  void anEvaluationTellsWhatNeedsAllBatches() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Meter meter = new ClassificationObjective(0.1).meter();
      assertThat(meter.figures()).isEmpty();
      float[][] logits = {{0, 2, 3, 1}, {1, 0}};
      long[][] labels = {{1, 0}, {1}};
      for (int i = 0; i < 2; i++) {
        NDList outputs = new NDList(manager.create(logits[i], new Shape(labels[i].length, 2)));
        Batch batch = new Batch(new NDList(), new NDList(manager.create(labels[i])), new long[2]);
        meter.add(outputs, batch, new ClassificationObjective(0.1).evaluate(outputs, batch));
      }
      // differences 2 and -1 of the positives, -2 of the negative
      assertThat(meter.figures().get("auc")).isEqualTo(1);
      assertThat(meter.figures().get("macro_f1")).isCloseTo(2.0 / 3, within(1e-12));
      assertThat(meter.figures().get("log_loss"))
          .isCloseTo((2 * Math.log1p(Math.exp(-2)) + Math.log1p(Math.exp(1))) / 3, within(1e-12));
      assertThat(meter.figures()).containsKey("calibration_error").doesNotContainKey("accuracy");
    }
  }

  @Test
  void refusesASmoothingThatLeavesNoTarget() {
    assertThatThrownBy(() -> new ClassificationObjective(1))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("labelSmoothing");
  }
}
