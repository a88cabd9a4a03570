package org.attentionzoo.eval.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.junit.jupiter.api.Test;

class RoundsTest {

  @Test
  void runsInTurnsAndCountsOnlyWhatFollowsTheWarmUp() {
    List<String> order = new ArrayList<>();
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put("a", () -> order.add("a"));
    work.put("b", () -> order.add("b"));
    Map<String, Timing> timings = Rounds.run(work, 1, 2);
    assertThat(order).containsExactly("a", "b", "a", "b", "a", "b");
    assertThat(timings.get("a").samples()).hasSize(2);
  }

  @Test
  void dividesMediansAndTellsTheSpreadOfTheRounds() {
    Timing ours = new Timing(List.of(1.0, 9.0, 3.0));
    Timing theirs = new Timing(List.of(2.0, 6.0, 6.0));
    Rounds.Ratio ratio = ours.over(theirs);
    assertThat(ratio.ofMedians()).isCloseTo(0.5, within(1e-12));
    assertThat(ratio.smallest()).isCloseTo(0.5, within(1e-12));
    assertThat(ratio.largest()).isCloseTo(1.5, within(1e-12));
    assertThat(new Timing(List.of(1.0, 2.0)).median()).isEqualTo(1.5);
    assertThat(ours.plus(theirs).samples()).containsExactly(3.0, 15.0, 9.0);
  }
}
