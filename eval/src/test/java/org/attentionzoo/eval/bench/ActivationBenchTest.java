package org.attentionzoo.eval.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.Test;

class ActivationBenchTest {

  private static final Papers PAPERS = Papers.load();

  @Test
  void fewerActivatedTokensMakeSmallerArrays() {
    Record config = PAPERS.preset("seqboat-classifier-tiny").config();
    List<ActivationBench.Result> results =
        ActivationBench.run(config, 2, 128, List.of(0.0, 0.5, 1.0), 1, Device.cpu());
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

  @Test
  void refusesWhatHasNoActivatedTokens() {
    Record other = PAPERS.preset("decoder-tiny").config();
    assertThatThrownBy(() -> ActivationBench.run(other, 1, 8, List.of(0.5), 1, Device.cpu()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("seqboat");
    Record config = PAPERS.preset("seqboat-lm-tiny").config();
    assertThatThrownBy(() -> ActivationBench.run(config, 1, 8, List.of(1.5), 1, Device.cpu()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1.5");
  }
}
