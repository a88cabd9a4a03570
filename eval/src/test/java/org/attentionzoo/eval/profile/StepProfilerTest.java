package org.attentionzoo.eval.profile;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.attentionzoo.training.run.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepProfilerTest {

  private static final String STEP = "aten::exp";
  private static final String ELSE = "aten::log";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "0, 20, 0, 3",
    "0, 3, 0, 3",
    "0, 2, 0, 2",
    "18, 20, 0, 2",
    "0, 40, 5, 3",
    "0, 40, 4, 3",
    "0, 9, 3, 3",
    "0, 9, 2, 3",
    "0, 3, 2, 2",
    "3, 9, 1, 1",
    "0, 1, 1, 1"
  })
  void recordsStepsAndNothingElse(long done, long steps, int every, int expected) {
    Path file = folder.resolve("trace.json");
    try (NDManager manager = NDManager.newBaseManager();
        NDArray one = manager.ones(new Shape(1));
        StepProfiler profiler = new StepProfiler(file)) {
      profiler.started(done, steps);
      for (long step = done + 1; step <= steps; step++) {
        one.exp().close();
        profiler.stepped(new Progress(step, steps, 1, 1, 1, Map.of(), 1, Duration.ZERO));
        if (step == steps || (every > 0 && step % every == 0)) {
          profiler.pausing();
          one.log().close();
        }
      }
      Trace trace = profiler.trace().orElseThrow();
      assertThat(profiler.steps()).isEqualTo(expected);
      assertThat(trace.operators())
          .noneMatch(operator -> operator.name().equals(ELSE))
          .anyMatch(operator -> operator.name().equals(STEP) && operator.calls() == expected);
      assertThat(folder.toFile().list()).containsExactly("trace.json");
    }
  }

  @Test
  void keepsTheLastOfTheStepsItWatchesInTheirOrder() {
    Path file = folder.resolve("trace.json");
    try (NDManager manager = NDManager.newBaseManager();
        StepProfiler profiler = new StepProfiler(file)) {
      profiler.started(0, 20);
      for (long step = 1; step <= 20; step++) {
        manager.zeros(new Shape(step)).exp().close();
        profiler.stepped(new Progress(step, 20, 1, 1, 1, Map.of(), 1, Duration.ZERO));
      }
      List<Trace.Call> calls =
          profiler.trace().orElseThrow().calls().stream()
              .filter(call -> call.name().equals(STEP))
              .toList();
      assertThat(calls).extracting(call -> call.shapes().get(0).get(0)).containsExactly(5L, 6L, 7L);
      assertThat(calls).extracting(Trace.Call::start).isSorted().doesNotHaveDuplicates();
    }
  }

  @Test
  void recordsNothingWhereNoStepIsLeft() {
    Path file = folder.resolve("trace.json");
    try (StepProfiler profiler = new StepProfiler(file)) {
      profiler.started(5, 5);
      assertThat(profiler.trace()).isEmpty();
      assertThat(Files.exists(file)).isFalse();
    }
  }
}
