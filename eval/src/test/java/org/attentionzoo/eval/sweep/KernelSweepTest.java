package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.attentionzoo.blocks.kernels.KernelCatalog;
import org.attentionzoo.blocks.kernels.KernelCheck;
import org.attentionzoo.blocks.kernels.KernelComparison;
import org.attentionzoo.blocks.kernels.KernelComparison.Layout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernels of the modules above blocks, which sweeps its own. */
class KernelSweepTest {

  static List<Arguments> kernels() {
    List<Arguments> arguments = new ArrayList<>();
    for (KernelCatalog catalog : ServiceLoader.load(KernelCatalog.class)) {
      if (!catalog.getClass().getName().startsWith("org.attentionzoo.blocks.")) {
        for (KernelCheck check : catalog.kernels()) {
          arguments.add(Arguments.of(check.name(), check));
        }
      }
    }
    return arguments;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("kernels")
  void equalsItsPlainVersion(String name, KernelCheck check) {
    assertThat(check.cases()).isNotEmpty();
    for (KernelCheck.Case inputs : check.cases()) {
      for (Layout layout : Layout.values()) {
        assertThat(KernelComparison.compare(check, inputs, layout, DataType.FLOAT32, Device.cpu()))
            .as("%s, %s, %s", name, inputs.label(), layout)
            .allMatch(d -> d.ratio() <= check.tolerance());
      }
    }
  }
}
