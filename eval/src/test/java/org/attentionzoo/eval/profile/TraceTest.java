package org.attentionzoo.eval.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.eval.profile.Trace.Call;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceTest {

  @Test
  void chargesEachOperatorWithWhatItDidItself() {
    Trace trace =
        new Trace(
            List.of(
                new Call("inner", "1", 10, 20, List.of()),
                new Call("outer", "1", 0, 100, List.of()),
                new Call("inner", "1", 40, 30, List.of()),
                new Call("other", "2", 5, 40, List.of())));
    assertThat(trace.operators())
        .containsExactly(
            new Trace.Operator("outer", 1, 0.05),
            new Trace.Operator("inner", 2, 0.05),
            new Trace.Operator("other", 1, 0.04));
  }

  /** (2, 3, 4) x (4, 5): 240 operations forward; its two gradients are as many each. */
  @Test
  void countsWhatMatrixProductsDoInBothDirections() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.randomNormal(new Shape(2, 3, 4));
      NDArray w = manager.randomNormal(new Shape(4, 5));
      x.setRequiresGradient(true);
      w.setRequiresGradient(true);
      Trace trace =
          Profiler.record(
              () -> {
                try (GradientMode ignored = GradientMode.on()) {
                  NDArray loss = x.matMul(w).sum();
                  BackwardPass.from(loss);
                }
              });
      assertThat(trace.floatingPointOperations(false)).isCloseTo(3 * 240, within(1e-9));
    }
  }

  @Test
  void countsConvolutionsAndFusedAttention() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray image = manager.randomNormal(new Shape(2, 3, 8, 8));
      NDArray weight = manager.randomNormal(new Shape(5, 3, 3, 3));
      image.setRequiresGradient(true);
      weight.setRequiresGradient(true);
      Trace convolution =
          Profiler.record(
              () -> {
                try (GradientMode ignored = GradientMode.on()) {
                  NDArray loss =
                      ai.djl.nn.convolutional.Conv2d.conv2d(image, weight).singletonOrThrow().sum();
                  BackwardPass.from(loss);
                }
              });
      assertThat(convolution.floatingPointOperations(false))
          .isCloseTo(3.0 * 2 * 2 * 5 * 6 * 6 * 27, within(1e-9));

      NDArray queries = manager.randomNormal(new Shape(1, 2, 16, 8));
      KernelLibrary kernels = KernelLibrary.of(TraceTest.class, "attention.torchscript");
      Trace attention =
          Profiler.record(() -> kernels.callAll("attend", new NDList(queries).head()).close());
      assertThat(attention.floatingPointOperations(false))
          .isCloseTo(4.0 * 2 * 16 * 16 * 8, within(1e-9));
      assertThat(attention.floatingPointOperations(true))
          .isCloseTo(2.0 * 2 * 16 * 16 * 8, within(1e-9));
    }
  }

  @Test
  void refusesWhatIsNoTrace(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("trace.json"), "[{\"name\": ");
    assertThatThrownBy(() -> Trace.read(file))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("trace.json");
    assertThatThrownBy(() -> Trace.read(folder.resolve("none.json")))
        .isInstanceOf(UserException.class);
  }
}
