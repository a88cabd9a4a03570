package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.MarkedSymbols.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MarkedSymbolsTest {

  static List<Options> options() {
    return List.of(
        Options.standard(),
        new Options(16, 40, 12, 1, 2, 2, 6, 50, 3),
        new Options(16, 40, 40, 9, 5, 4, 7, 50, 3));
  }

  @ParameterizedTest
  @MethodSource("options")
  void theClassSaysWhetherFirstAndLastMarkedSymbolAreEqual(Options o) {
    int ones = 0;
    int rows = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 20; step++) {
        Batch batch = new MarkedSymbols(o).training(manager, 7, step);
        long[] labels = batch.labels().head().toLongArray();
        long[] tokens = batch.inputs().head().toLongArray();
        boolean padded = o.minimumLength() < o.length();
        boolean[] valid = padded ? batch.inputs().get(1).toBooleanArray() : null;
        for (int row = 0; row < labels.length; row++) {
          int offset = row * o.length();
          int length = o.length();
          while (tokens[offset + length - 1] == 0) {
            length--;
          }
          for (int i = 0; i < o.length(); i++) {
            assertThat(tokens[offset + i] > 0).isEqualTo(i < length);
            assertThat(!padded || valid[offset + i] == i < length).isTrue();
          }
          assertThat(length).isBetween(o.minimumLength(), o.length());
          int[] marks =
              IntStream.range(0, length).filter(i -> tokens[offset + i] > o.fillers()).toArray();
          assertThat(marks.length).isBetween(o.minimumMarks(), o.maximumMarks());
          int first = marks[0];
          int last = marks[marks.length - 1];
          assertThat(first).isLessThan(length / 4);
          assertThat(last).isGreaterThanOrEqualTo(length - length / 4);
          assertThat(tokens[offset + last]).isLessThanOrEqualTo(o.fillers() + o.symbols());
          assertThat(labels[row] == 1).isEqualTo(tokens[offset + first] == tokens[offset + last]);
          ones += (int) labels[row];
          rows++;
        }
      }
    }
    assertThat((double) ones / rows).isBetween(0.4, 0.6);
  }

  @Test
  void batchesDependOnSeedAndStepAlone() {
    Options o = new Options(4, 16, 8, 2, 3, 2, 3, 10, 1);
    try (NDManager manager = NDManager.newBaseManager()) {
      MarkedSymbols source = new MarkedSymbols(o);
      assertThat(source.training(manager, 5, 2).inputs().head())
          .isEqualTo(new MarkedSymbols(o).training(manager, 5, 2).inputs().head())
          .isNotEqualTo(source.training(manager, 5, 3).inputs().head())
          .isNotEqualTo(source.training(manager, 6, 2).inputs().head());
      assertThat(source.validationBatches()).isEqualTo(3);
      Batch last = source.validation(manager, 2);
      assertThat(last.inputs().head().getShape()).isEqualTo(new Shape(2, 16));
      assertThat(last.inputs().get(1).getDataType()).isEqualTo(DataType.BOOLEAN);
      assertThat(last.ids()).containsExactly(8, 9);
      assertThatThrownBy(() -> source.validation(manager, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            new Options(4, 16, 17, 2, 3, 2, 3, 10, 1),
            new Options(4, 16, 5, 2, 3, 2, 3, 10, 1),
            new Options(4, 16, 16, 2, 1, 2, 3, 10, 1),
            new Options(4, 16, 16, 0, 2, 2, 3, 10, 1),
            new Options(4, 16, 16, 2, 2, 1, 3, 10, 1),
            new Options(4, 16, 16, 2, 2, 3, 2, 10, 1))) {
      assertThatThrownBy(() -> new MarkedSymbols(wrong)).isInstanceOf(UserException.class);
    }
  }
}
