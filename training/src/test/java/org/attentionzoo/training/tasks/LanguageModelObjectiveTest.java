package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Objective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LanguageModelObjectiveTest {

  @Test
  void lossIsTheOneComputedByHand() {
    try (NDManager manager = NDManager.newBaseManager()) {
      // softmax of (0, ln 3) is (1/4, 3/4); of (0, 0) it is (1/2, 1/2).
      float ln3 = (float) Math.log(3);
      NDArray logits =
          manager.create(new float[] {0, ln3, 0, ln3, 0, 0, 5, -5}, new Shape(2, 2, 2));
      NDArray labels = manager.create(new long[] {1, 0, 1, -1}, new Shape(2, 2));

      Objective.Outcome outcome = judge(LanguageModelObjective.ofBytes(), logits, labels);

      double nats = (Math.log(4.0 / 3) + Math.log(4) + Math.log(2)) / 3;
      assertThat((double) outcome.loss().getFloat()).isCloseTo(nats, within(1e-6));
      assertThat(outcome.weight()).isEqualTo(3);
      assertThat((double) outcome.metrics().get("bits_per_byte").getFloat())
          .isCloseTo(nats / Math.log(2), within(1e-6));
      assertThat((double) outcome.metrics().get("accuracy").getFloat())
          .isCloseTo(1.0 / 3, within(1e-6));
    }
  }

  @Test
  void uniformLogitsCostEightBitsPerByte() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray logits = manager.zeros(new Shape(3, 5, 256));
      NDArray labels = manager.ones(new Shape(3, 5), DataType.INT64);

      Objective.Outcome outcome = judge(LanguageModelObjective.ofBytes(), logits, labels);

      assertThat(outcome.metrics().get("bits_per_byte").getFloat()).isCloseTo(8f, within(1e-5f));
    }
  }

  @Test
  void nothingToPredictCostsNothing() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray logits = manager.ones(new Shape(1, 2, 3));
      NDArray labels = manager.create(new long[] {-1, -1}, new Shape(1, 2));

      Objective.Outcome outcome = judge(LanguageModelObjective.ofTokens(), logits, labels);

      assertThat(outcome.loss().getFloat()).isZero();
      assertThat(outcome.weight()).isZero();
      assertThat(outcome.metrics()).containsOnlyKeys("accuracy");
    }
  }

  @Test
  void refusesLabelsOfAnotherShape() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray logits = manager.ones(new Shape(2, 3, 4));
      NDArray labels = manager.ones(new Shape(3, 2), DataType.INT64);
      assertThatThrownBy(() -> judge(LanguageModelObjective.ofTokens(), logits, labels))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("(2, 3, 4)")
          .hasMessageContaining("(3, 2)");
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,2,0", "1,1,1,0", "2,7,5,3", "3,16,256,11", "4,1,33,4", "1,9,3,8"})
  void kernelAndOperationsAgreeInValuesAndGradients(int b, int l, int v, int ignored) {
    try (NDManager manager = NDManager.newBaseManager()) {
      SplittableRandom random = new SplittableRandom(b * 31L + l);
      float[] values = new float[b * l * v];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (random.nextDouble() * 12 - 6);
      }
      long[] targets = random.longs((long) b * l, 0, v).toArray();
      Arrays.fill(targets, 0, ignored, LanguageModelObjective.IGNORED);
      NDArray labels = manager.create(targets, new Shape(b, l));

      for (int repeat = 0; repeat < 3; repeat++) {
        NDList fast = run(manager, values, labels, v, LanguageModelObjective::byKernel);
        NDList plain = run(manager, values, labels, v, LanguageModelObjective::byOperations);
        for (int i = 0; i < 3; i++) {
          assertThat(fast.get(i).toType(DataType.FLOAT32, true).getFloat())
              .isCloseTo(plain.get(i).toType(DataType.FLOAT32, true).getFloat(), within(2e-6f));
        }
        float[] expected = plain.get(3).toFloatArray();
        float[] gradient = fast.get(3).toFloatArray();
        for (int i = 0; i < gradient.length; i++) {
          assertThat(gradient[i]).isCloseTo(expected[i], within(1e-6f));
        }
      }
    }
  }

  private static NDList run(
      NDManager manager,
      float[] values,
      NDArray labels,
      int vocabulary,
      BiFunction<NDArray, NDArray, NDList> function) {
    long[] dims = labels.getShape().add(vocabulary).getShape();
    NDArray logits = manager.create(values, new Shape(dims));
    logits.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDList result = function.apply(logits, labels);
      collector.backward(result.head());
      result.add(logits.getGradient());
      return result;
    }
  }

  private static Objective.Outcome judge(Objective objective, NDArray logits, NDArray labels) {
    return objective.evaluate(
        new NDList(logits), new Batch(new NDList(), new NDList(labels), new long[0]));
  }
}
