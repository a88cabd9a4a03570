package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Map;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.junit.jupiter.api.Test;

class AnswerObjectiveTest {

  private static void add(Meter meter, NDManager manager, long[][] predicted, long[][] labels) {
    Shape shape = new Shape(labels.length, labels[0].length);
    NDArray logits =
        manager.create(flat(predicted), shape).oneHot(4).toType(DataType.FLOAT32, false);
    NDArray wanted = manager.create(flat(labels), shape);
    Batch batch = new Batch(new NDList(wanted), new NDList(wanted), new long[labels.length]);
    NDList outputs = new NDList(logits);
    meter.add(outputs, batch, new AnswerObjective().evaluate(outputs, batch));
  }

  private static long[] flat(long[][] rows) {
    return Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
  }

  @Test
  void countsWholeAnswersAndLengthsApart() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Meter meter = new AnswerObjective().meter();
      assertThat(meter.figures()).isEmpty();
      // 2 of 3 labels right, 1 of 2 sequences; the third has no label
      add(
          meter,
          manager,
          new long[][] {{1, 2}, {3, 3}, {0, 0}},
          new long[][] {{-1, 2}, {3, 1}, {-1, -1}});
      assertThat(meter.figures()).isEqualTo(Map.of("exact_match", 0.5));
      add(meter, manager, new long[][] {{1, 2, 3}}, new long[][] {{1, 2, 3}});
      assertThat(meter.figures())
          .isEqualTo(
              Map.of(
                  "exact_match",
                  2.0 / 3,
                  "accuracy_at_2",
                  2.0 / 3,
                  "exact_match_at_2",
                  0.5,
                  "accuracy_at_3",
                  1.0,
                  "exact_match_at_3",
                  1.0));
    }
  }
}
