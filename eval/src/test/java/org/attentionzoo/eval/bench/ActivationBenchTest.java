package org.attentionzoo.eval.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.Test;

class ActivationBenchTest {

  @Test
  void fewerActivatedTokensMakeSmallerArrays() {
    try (NDManager manager = NDManager.newBaseManager();
        Workload workload = workload(manager, "seqboat-classifier-tiny", 128)) {
      List<ActivationBench.Result> results =
          ActivationBench.run(workload, List.of(0.0, 0.5, 1.0), new Rounds.Plan(1, false));
      assertThat(results)
          .extracting(ActivationBench.Result::activated)
          .containsExactly(0L, 64L, 128L);
      long none = results.get(0).bytes();
      long half = results.get(1).bytes();
      long all = results.get(2).bytes();
      assertThat(none).isLessThan(half);
      assertThat(half).isLessThan(all);
      // Cut into blocks of 16, attention's arrays are proportional to the activated tokens.
      assertThat((double) (half - none) / (all - none)).isBetween(0.4, 0.6);
    }
  }

  @Test
  void refusesWhatHasNoActivatedTokens() {
    try (NDManager manager = NDManager.newBaseManager();
        Workload decoder = workload(manager, "decoder-tiny", 8);
        Workload seqBoat = workload(manager, "seqboat-lm-tiny", 8)) {
      assertThatThrownBy(
              () -> ActivationBench.run(decoder, List.of(0.5), new Rounds.Plan(1, false)))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("seqboat");
      assertThatThrownBy(
              () -> ActivationBench.run(seqBoat, List.of(1.5), new Rounds.Plan(1, false)))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("1.5");
    }
  }

  private static Workload workload(NDManager manager, String preset, int length) {
    return Workload.of(manager, Papers.load().preset(preset), List.of(), 2, length);
  }
}
