package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.SelectiveCopy.Options;
import org.junit.jupiter.api.Test;

class SelectiveCopyTest {

  @Test
  void theSymbolsComeAgainInTheirOrder() {
    Options o = new Options(50, 20, 4, 5, List.of(20, 40), 60, 1);
    SelectiveCopy source = new SelectiveCopy(o);
    assertThat(source.vocabulary()).isEqualTo(7);
    int[] places = new int[16];
    int[] symbols = new int[7];
    int rows = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      for (int step = 0; step < 40; step++) {
        Batch batch = source.training(manager, 2, step);
        long[] tokens = batch.inputs().head().toLongArray();
        long[] labels = batch.labels().head().toLongArray();
        for (int row = 0; row < 50; row++, rows++) {
          int copied = 0;
          for (int i = 0; i < 20; i++) {
            int at = row * 20 + i;
            assertThat(tokens[at] == 1).isEqualTo(i >= 16);
            if (i >= 16) {
              continue;
            }
            assertThat(labels[at]).isEqualTo(-1);
            if (tokens[at] > 1) {
              assertThat(labels[row * 20 + 16 + copied]).isEqualTo(tokens[at]);
              copied++;
              places[i]++;
              symbols[(int) tokens[at]]++;
            }
          }
          assertThat(copied).isEqualTo(4);
        }
      }
      assertThat(source.validationBatches()).isEqualTo(4);
      assertThat(source.validation(manager, 3).inputs().head().getShape())
          .isEqualTo(new Shape(10, 40));
    }
    double chi = 0;
    for (int count : places) {
      double expected = rows / 4.0;
      chi += Math.pow(count - expected, 2) / (expected * 0.75);
    }
    // Sampling without replacement makes it 15 / 16 of chi squared with 15 degrees of freedom.
    assertThat(chi).isLessThan(37.7);
    double chiOfSymbols = 0;
    for (int s = 2; s < 7; s++) {
      double expected = rows * 4 / 5.0;
      chiOfSymbols += Math.pow(symbols[s] - expected, 2) / expected;
    }
    assertThat(chiOfSymbols).isLessThan(18.47);
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            new Options(8, 15, 8, 5, List.of(), 60, 1),
            new Options(8, 16, 8, 1, List.of(), 60, 1),
            new Options(8, 16, 8, 5, List.of(16, 10), 60, 1),
            new Options(8, 16, 0, 5, List.of(), 60, 1))) {
      assertThatThrownBy(() -> new SelectiveCopy(wrong)).isInstanceOf(UserException.class);
    }
  }
}
