package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.ServiceLoader;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.junit.jupiter.api.Test;

final class TaskKernelsTest {

  @Test
  void catalogIsFound() {
    assertThat(ServiceLoader.load(KernelCatalog.class))
        .hasAtLeastOneElementOfType(TaskKernels.class);
  }

  @Test
  void everyKernelAgreesWithItsPlainVersionOnItsCases() {
    for (KernelCheck check : new TaskKernels().kernels()) {
      for (KernelCheck.Case one : check.cases()) {
        try (NDManager manager = NDManager.newBaseManager()) {
          NDList inputs = one.inputs().apply(manager);
          for (int call = 0; call < 3; call++) {
            float fast = check.fast().apply(inputs).head().getFloat();
            float plain = check.plain().apply(inputs).head().getFloat();
            assertThat(fast)
                .as("%s, %s", check.name(), one.label())
                .isCloseTo(plain, within((float) check.tolerance() * (1 + Math.abs(plain))));
          }
        }
      }
    }
  }
}
