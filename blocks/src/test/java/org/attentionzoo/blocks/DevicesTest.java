package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {

  @Test
  void findsTheCpu() {
    assertThat(Devices.find("cpu")).isEqualTo(Device.cpu());
    try (NDManager manager = Devices.manager(Device.cpu())) {
      assertThat(manager.getDevice()).isEqualTo(Device.cpu());
      assertThat(manager.getEngine().getEngineName()).isEqualTo("PyTorch");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "CPU", "cpu:0", "gpu:", "gpu:-1", "gpu:1234", "cuda", "cuda:0"})
  void refusesOtherNames(String name) {
    assertThatThrownBy(() -> Devices.find(name))
        .isInstanceOf(UserException.class)
        .hasMessage("unknown device '" + name + "'; expected cpu, gpu or gpu:<number>");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "gpu:0", "gpu:3"})
  void refusesGpusThatAreNotThere(String name) {
    assumeFalse(Devices.builtForGpus(), "this libtorch is built for GPUs");
    assertThat(Devices.gpus()).isZero();
    assertThatThrownBy(() -> Devices.find(name))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no device '" + name + "'")
        .hasMessageContaining("CPU only")
        .hasMessageContaining("--device cpu");
  }
}
