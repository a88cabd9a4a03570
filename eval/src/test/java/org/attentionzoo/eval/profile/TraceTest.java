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
import java.util.ArrayList;
import java.util.Collections;
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

  /** (2, 3, 4) x (2, 4, 3): 144 operations, and its two gradients as many each. */
  @Test
  void countsWhatKernelsDoLikeAnythingElse() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.randomNormal(new Shape(2, 3, 4));
      NDArray y = manager.randomNormal(new Shape(2, 4, 3));
      x.setRequiresGradient(true);
      y.setRequiresGradient(true);
      KernelLibrary kernels = KernelLibrary.of(TraceTest.class, "attention.torchscript");
      Trace trace =
          Profiler.record(
              () -> {
                try (GradientMode ignored = GradientMode.on()) {
                  BackwardPass.from(kernels.call("products", x, y).sum());
                }
              });
      assertThat(trace.floatingPointOperations(false)).isCloseTo(2 * 3 * 144, within(1e-9));
    }
  }

  @Test
  void countsTransposedConvolutionsByTheirInput() {
    // (1, 6, 5, 5) to (1, 4, 5, 5) in two groups, a kernel of one pixel
    List<List<Long>> shapes =
        new ArrayList<>(List.of(List.of(1L, 4L, 5L, 5L), List.of(1L, 6L, 5L, 5L)));
    shapes.add(List.of(6L, 2L, 1L, 1L));
    shapes.addAll(Collections.nCopies(8, List.of()));
    Trace trace = new Trace(List.of(new Call("aten::convolution_backward", "1", 0, 1, shapes)));
    assertThat(trace.floatingPointOperations(false)).isEqualTo(3 * 2.0 * 25 * 6 * 2);
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
