package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.GradientMode;

/** A square float32 matrix product, the yardstick of what a machine can do. For one thread. */
final class MatrixPeak {

  /** Large enough that the product, not the memory, decides. */
  private static final int SIZE = 1024;

  private final NDArray left;
  private final NDArray right;

  MatrixPeak(NDManager manager) {
    left = manager.randomNormal(new Shape(SIZE, SIZE));
    right = manager.randomNormal(new Shape(SIZE, SIZE));
  }

  /** Computes the product once and waits for it. */
  void run() {
    try (GradientMode ignored = GradientMode.off();
        NDArray product = left.matMul(right);
        NDArray corner = product.get(0, 0)) {
      corner.getFloat();
    }
  }

  /** Billions of floating-point operations a second when one product takes so long. */
  static double gigaflops(double millis) {
    return 2.0 * SIZE * SIZE * SIZE / millis / 1e6;
  }
}
