package org.attentionzoo.eval.cab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.papers.cab.BoundedMemory;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.attentionzoo.eval.bench.Rounds;
import org.attentionzoo.models.MixerEntry.Sizes;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.PatternMixerEntry;
import org.junit.jupiter.api.Test;

class CabBenchTest {

  private static final CabBench.Plan PLAN =
      new CabBench.Plan(
          new Sizes(16, 2, 1), 1, List.of(16, 32, 64, 128), new Rounds.Plan(1, false));

  private final Papers papers = Papers.load();

  private CabBench bench() {
    return new CabBench(PLAN, papers.patternMixer("cab-attention"));
  }

  private static PatternMixerEntry slots(int slots) {
    return new PatternMixerEntry(
        "slots " + slots,
        "cab",
        "",
        (s, usual) ->
            new PatternAttention(
                s.width(), s.heads(), new BoundedMemory(s.width() / s.heads(), slots), usual));
  }

  /** Fewer slots make the linear cost grow slower, so that it wins earlier. */
  @Test
  void theEfficiencyLengthInMemoryIsFiniteAndFallsWithTheSlots() {
    try (NDManager manager = NDManager.newBaseManager()) {
      List<CabBench.Row> rows =
          bench()
              .run(
                  manager,
                  List.of(slots(2), slots(8), slots(32)),
                  List.of(AttentionPattern.NONCAUSAL_SELF, AttentionPattern.CAUSAL_CROSS));
      assertThat(rows).hasSize(6);
      for (int pattern = 0; pattern < 2; pattern++) {
        double before = 0;
        for (CabBench.Row row : rows.subList(3 * pattern, 3 * pattern + 3)) {
          assertThat(row.finding().holds()).isTrue();
          assertThat(row.memoryLength().orElseThrow()).isGreaterThan(before).isLessThan(1000);
          before = row.memoryLength().orElseThrow();
          assertThat(row.times().values()).hasSize(4).allMatch(ms -> ms.median() > 0);
        }
      }
    }
  }

  @Test
  void runsWhatIsDeclaredAndRefusesTheRest() {
    try (NDManager manager = NDManager.newBaseManager()) {
      PatternMixerEntry elu = papers.patternMixer("elu");
      assertThat(bench().run(manager, List.of(elu), List.of()))
          .extracting(row -> row.finding().pattern())
          .containsExactly(AttentionPattern.CAUSAL_SELF);
      assertThatThrownBy(
              () -> bench().run(manager, List.of(elu), List.of(AttentionPattern.CAUSAL_CROSS)))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("elu")
          .hasMessageContaining("CAUSAL_CROSS");
    }
  }
}
