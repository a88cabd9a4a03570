package org.attentionzoo.training.papers.positionalattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.papers.positionalattention.ListAlgorithms.Algorithm;
import org.attentionzoo.training.papers.positionalattention.ListAlgorithms.Options;
import org.junit.jupiter.api.Test;

class ListAlgorithmsTest {

  private static final float[] LIST = {1, -3, 2, 4};

  @Test
  void computesEachBeginning() {
    assertThat(ListAlgorithms.compute(Algorithm.SUM, LIST)).containsExactly(1, -2, 0, 4);
    assertThat(ListAlgorithms.compute(Algorithm.MIN, LIST)).containsExactly(1, -3, -3, -3);
    assertThat(ListAlgorithms.compute(Algorithm.MEDIAN, LIST)).containsExactly(1, -1, 1, 1.5f);
    assertThat(ListAlgorithms.compute(Algorithm.MAXSUB, LIST)).containsExactly(1, 1, 2, 6);
    assertThat(ListAlgorithms.compute(Algorithm.SORT, LIST)).containsExactly(-3, 1, 2, 4);
  }

  @Test
  void validationIsOutsideTheRangeOfTraining() {
    Options wide = new Options(64, Algorithm.SUM, 8, 2, 3, 64, 0);
    ListAlgorithms source = new ListAlgorithms(wide);
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch training = source.training(manager, 1, 5);
      assertThat(training.inputs().head().abs().max().getFloat()).isLessThanOrEqualTo(2);
      Batch validation = source.validation(manager, 0);
      assertThat(validation.inputs().head().abs().max().getFloat()).isBetween(2f, 6f);
      assertThat(source.training(manager, 1, 5).inputs().head())
          .isEqualTo(training.inputs().head());
    }
  }

  @Test
  void refusesAnEmptyRange() {
    assertThatThrownBy(() -> new ListAlgorithms(new Options(1, Algorithm.SUM, 8, 0, 1, 1, 0)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("range=0.0");
  }
}
