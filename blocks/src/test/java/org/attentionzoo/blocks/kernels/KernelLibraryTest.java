package org.attentionzoo.blocks.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KernelLibraryTest {

  private static final KernelLibrary WORKS =
      KernelLibrary.of(KernelLibraryTest.class, "works.torchscript");

  private NDManager manager;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    x = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void takesNumbersAndNone() {
    assertThat(WORKS.call("scale", x, 2.0, null).toFloatArray()).containsExactly(2, 4, 6, 8);
    assertThat(WORKS.call("scale", x, 2f, x).toFloatArray()).containsExactly(3, 6, 9, 12);
    assertThat(WORKS.call("scale", x, 2.0).toFloatArray()).containsExactly(2, 4, 6, 8);
  }

  @Test
  void takesListsAndGivesNestedResultsInOrder() {
    NDList results =
        WORKS.callAll("pair", new NDList(x, x), new long[] {4}, new double[] {0.5}, true, "add");
    assertThat(results).hasSize(3);
    assertThat(results.get(0).toFloatArray()).containsExactly(0.5f, 1, 1.5f, 2);
    assertThat(results.get(1).getShape()).isEqualTo(new Shape(4));
    assertThat(results.get(2).toFloatArray()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void functionsCallEachOther() {
    assertThat(WORKS.call("helped", x).toFloatArray()).containsExactly(3, 6, 9, 12);
  }

  @Test
  void resultsBelongToTheManagerOfTheFirstArray() {
    NDArray result;
    try (NDManager step = manager.newSubManager()) {
      NDArray mine = x.duplicate();
      mine.attach(step);
      result = WORKS.call("scale", mine, 1.0, x);
      assertThat(result.getManager()).isSameAs(step);
    }
    assertThat(result.isReleased()).isTrue();
  }

  @Test
  void recordsAGraphIfAndOnlyIfTheModeSaysSo() {
    x.setRequiresGradient(true);
    for (int call = 0; call < 3; call++) {
      try (GradientMode ignored = GradientMode.on()) {
        NDArray loss = WORKS.call("scale", x, 2.0, null).sum();
        BackwardPass.from(loss);
      }
      NDArray gradient = x.getGradient();
      assertThat(gradient.toFloatArray()).containsOnly(2);
      gradient.muli(0);
      try (GradientMode ignored = GradientMode.off()) {
        NDArray loss = WORKS.call("scale", x, 2.0, null).sum();
        assertThatThrownBy(() -> BackwardPass.from(loss))
            .hasMessageContaining("does not require grad");
        // A normal tensor, not one of inference mode: it may be saved for a backward pass.
        NDArray constant = WORKS.call("scale", x, 2.0, null);
        try (GradientMode again = GradientMode.on()) {
          NDArray product = x.mul(constant).sum();
          BackwardPass.from(product);
        }
      }
      x.getGradient().muli(0);
    }
  }

  @Test
  void rejectedTextIsNamedWithFileAndLine() {
    KernelLibrary broken = KernelLibrary.of(KernelLibraryTest.class, "broken.torchscript");
    for (int call = 0; call < 2; call++) {
      assertThatThrownBy(() -> broken.call("fine", x))
          .isInstanceOf(KernelException.class)
          .hasMessageStartingWith("libtorch rejects broken.torchscript: ")
          .hasMessageContaining("no_such_operator")
          .hasMessageContaining("broken.torchscript line 6");
    }
  }

  @Test
  void aFailingCallIsNamedWithKernelLineAndShapes() {
    NDArray three = manager.ones(new Shape(3, 3));
    assertThatThrownBy(() -> WORKS.call("multiply", x, three))
        .isInstanceOf(KernelException.class)
        .hasMessageStartingWith("kernel 'multiply' of works.torchscript failed: ")
        .hasMessageContaining("works.torchscript line 20")
        .hasMessageContaining("mat1 and mat2 shapes cannot be multiplied")
        .hasMessageContaining("called with (2, 2) float32, (3, 3) float32");
  }

  @Test
  void wrongArgumentsAndNamesAreErrors() {
    assertThatThrownBy(() -> WORKS.call("scale", x, 3))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("kernel 'scale'");
    assertThatThrownBy(() -> WORKS.call("none_such", x))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("none_such");
    assertThatThrownBy(() -> WORKS.call("scale", x, new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
    assertThatThrownBy(() -> WORKS.call("scale", 3.0, 2.0))
        .hasMessageContaining("at least one NDArray");
    assertThatThrownBy(
            () -> KernelLibrary.of(KernelLibraryTest.class, "absent.torchscript").compile())
        .hasMessageContaining("absent.torchscript")
        .hasMessageContaining(KernelLibraryTest.class.getName());
  }

  @Test
  void mayBeCalledByManyThreadsAtOnce() throws InterruptedException, ExecutionException {
    KernelLibrary fresh = KernelLibrary.of(KernelLibraryTest.class, "works.torchscript");
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      Callable<float[]> one =
          () -> {
            try (NDManager own = NDManager.newBaseManager();
                GradientMode ignored = GradientMode.off()) {
              NDArray mine = own.create(new float[] {1, 2});
              return fresh.call("scale", mine, 2.0, null).toFloatArray();
            }
          };
      List<Future<float[]>> calls = pool.invokeAll(Collections.nCopies(50, one));
      for (Future<float[]> call : calls) {
        assertThat(call.get()).containsExactly(2, 4);
      }
    } finally {
      pool.shutdown();
    }
  }
}
