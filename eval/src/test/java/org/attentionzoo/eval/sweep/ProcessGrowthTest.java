package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.training.run.ProcessMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Training steps of all blocks and models do not grow the process: this finds what the count of
 * arrays cannot, native memory that belongs to no array.
 */
@ExtendWith(OneThread.class)
class ProcessGrowthTest {

  private static final int LENGTH = 11;
  private static final int STEPS = 100;

  @Test
  void aHundredStepsOfEverythingDoNotGrowTheProcess() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<Subject, ZooBlock> blocks = new LinkedHashMap<>();
      SweepTest.subjects().forEach(s -> blocks.put(s, s.build(manager, 1)));
      // With few subjects the virtual machine has not yet grown to its size after a few rounds.
      run(blocks, manager, Math.max(20, 3000 / blocks.size()));
      int arrays = manager.getManagedArrays().size();
      long resident = residentBytes();
      run(blocks, manager, STEPS);
      assertThat(manager.getManagedArrays()).as("arrays that outlive their steps").hasSize(arrays);
      assertThat(residentBytes()).isLessThan((long) (resident * 1.03));
    }
  }

  private static void run(Map<Subject, ZooBlock> blocks, NDManager manager, int steps) {
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
