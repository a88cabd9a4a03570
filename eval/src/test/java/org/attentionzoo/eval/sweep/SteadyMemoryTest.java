package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.training.run.ProcessMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Training steps of every block and every model leave nothing behind, of arrays or of memory. */
@ExtendWith(OneThread.class)
class SteadyMemoryTest {

  private static final int LENGTH = 11;
  private static final int STEPS = 100;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  static Stream<Subject> subjects() {
    return SweepTest.subjects();
  }

  /** Names the subject whose arrays the test of everything only counts. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("subjects")
  void stepsLeaveNoArrayBehind(Subject subject) {
    ZooBlock block = subject.build(manager, 1);
    for (boolean plain : new boolean[] {false, true}) {
      int before = 0;
      for (int step = 0; step < 20; step++) {
        TrainingSteps.runAndFree(subject, block, manager, step, LENGTH, plain);
        if (step == 4) {
          before = manager.getManagedArrays().size();
        }
      }
      assertThat(manager.getManagedArrays().size())
          .as("arrays that outlive their steps%s", plain ? ", plain" : "")
          .isEqualTo(before);
    }
  }

  /** Finds what the count of arrays cannot: native memory that belongs to no array. */
  @Test
  void aHundredStepsOfEverythingDoNotGrowTheProcess() {
    Map<Subject, ZooBlock> blocks = new LinkedHashMap<>();
    subjects().forEach(s -> blocks.put(s, s.build(manager, 1)));
    // With few subjects the virtual machine has not yet grown to its size after a few rounds.
    run(blocks, Math.max(20, 3000 / blocks.size()));
    int arrays = manager.getManagedArrays().size();
    long resident = residentBytes();
    run(blocks, STEPS);
    assertThat(manager.getManagedArrays()).as("arrays that outlive their steps").hasSize(arrays);
    assertThat(residentBytes()).isLessThan((long) (resident * 1.03));
  }

  private void run(Map<Subject, ZooBlock> blocks, int steps) {
    for (int step = 0; step < steps; step++) {
      for (Map.Entry<Subject, ZooBlock> entry : blocks.entrySet()) {
        TrainingSteps.runAndFree(entry.getKey(), entry.getValue(), manager, step, LENGTH, false);
      }
    }
  }

  private static long residentBytes() {
    System.gc();
    return ProcessMemory.resident().orElseThrow();
  }
}
