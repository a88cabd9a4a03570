package org.attentionzoo.eval.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.junit.jupiter.api.Test;

class RoundsTest {

  @Test
  void runsInTurnsAndCountsOnlyWhatFollowsTheWarmUp() {
    List<String> order = new ArrayList<>();
    List<String> before = new ArrayList<>();
    AtomicLong now = new AtomicLong();
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put("a", () -> takes(300, "a", order, now));
    work.put("b", () -> takes(250, "b", order, now));
    Map<String, Timing> timings =
        Rounds.run(
            work, () -> takes(40, "before", before, now), 1, new Rounds.Plan(2, false), now::get);
    assertThat(order).containsExactly("a", "b", "a", "b", "a", "b");
    assertThat(before).hasSameSizeAs(order);
    assertThat(timings.get("a").samples()).containsExactly(300.0, 300.0);
    assertThat(timings.get("b").samples()).containsExactly(250.0, 250.0);
  }

  @Test
  void repeatsWhatIsShortUntilItHasSettled() {
    List<String> order = new ArrayList<>();
    AtomicLong now = new AtomicLong();
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put("short", () -> takes(order.size() + 1, "short", order, now)); // 1, 2, 3, 4, 5, 6
    work.put("medium", () -> takes(100 + order.size(), "medium", order, now)); // 106, 107
    work.put("long", () -> takes(200, "long", order, now));
    work.put("nothing", () -> takes(0, "nothing", order, now));
    Map<String, Timing> timings =
        Rounds.run(work, () -> {}, 0, new Rounds.Plan(1, false), now::get);
    assertThat(order.subList(0, 9))
        .containsExactly(
            "short", "short", "short", "short", "short", "short", "medium", "medium", "long");
    assertThat(timings.get("short").samples()).containsExactly(4.0);
    assertThat(timings.get("medium").samples()).containsExactly(107.0);
    assertThat(timings.get("long").samples()).containsExactly(200.0);
    assertThat(timings.get("nothing").samples()).containsExactly(0.0);
  }

  @Test
  void tellsHowFarItIsAlsoWhenWorkFails() {
    List<String> told = new ArrayList<>();
    Rounds.Watcher watcher =
        new Rounds.Watcher() {
          @Override
          public void next(String work, int done, int all) {
            told.add(work + " " + done + "/" + all);
          }

          @Override
          public void finished() {
            told.add("finished");
          }
        };
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put("a", () -> {});
    work.put("b", () -> {});
    Rounds.run(work, 1, new Rounds.Plan(1, false, watcher));
    assertThat(told).containsExactly("a 0/4", "b 1/4", "a 2/4", "b 3/4", "finished");
    told.clear();
    work.put(
        "a",
        () -> {
          throw new IllegalStateException("fails");
        });
    assertThatThrownBy(() -> Rounds.run(work, 1, new Rounds.Plan(1, false, watcher)))
        .hasMessage("fails");
    assertThat(told).containsExactly("a 0/4", "finished");
  }

  private static void takes(int millis, String name, List<String> order, AtomicLong now) {
    order.add(name);
    now.addAndGet(millis * 1_000_000L);
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
