package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.stream.Stream;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Training steps of every block and every model leave no array behind. */
@ExtendWith(OneThread.class)
class SteadyMemoryTest {

  private static final int LENGTH = 11;

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
}
