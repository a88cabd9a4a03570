package org.attentionzoo.blocks.papers.sea;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Resizes images as PyTorch's {@code interpolate} does: bilinear if they become wider (corners not
 * aligned), else means over areas.
 *
 * <p>Stateless.
 */
final class Resize {

  private static final KernelLibrary KERNELS = KernelLibrary.of(Resize.class, "resize.torchscript");

  private Resize() {}

  /** (B, C, h, w) to (B, C, height, width). */
  static NDArray to(Pass pass, NDArray x, long height, long width) {
    Shape shape = x.getShape();
    if (shape.get(2) == height && shape.get(3) == width) {
      return x;
    }
    return pass.kernels(x) ? fast(x, height, width) : plain(x, height, width);
  }

  static NDArray fast(NDArray x, long height, long width) {
    boolean widens = width >= x.getShape().get(3);
    return KERNELS.call(widens ? "bilinear" : "area", x, height, width);
  }

  /** Rows and columns are sums of others: two products with matrices. */
  static NDArray plain(NDArray x, long height, long width) {
    Shape shape = x.getShape();
    boolean widens = width >= shape.get(3);
    NDArray across = matrix(x, shape.get(3), width, widens).transpose();
    NDArray wide = x.matMul(across);
    if (shape.get(2) == height) {
      return wide;
    }
    NDArray down = matrix(x, shape.get(2), height, widens).transpose();
    return wide.transpose(0, 1, 3, 2).matMul(down).transpose(0, 1, 3, 2);
  }

  private static NDArray matrix(NDArray like, long from, long to, boolean bilinear) {
    float[] weights = new float[Math.toIntExact(from * to)];
    for (int i = 0; i < to; i++) {
      int row = Math.toIntExact(i * from);
      if (bilinear) {
        double at = Math.max(0, (i + 0.5) * from / to - 0.5);
        int before = (int) Math.min(from - 1, (long) at);
        int after = (int) Math.min(from - 1, before + 1L);
        weights[row + before] += (float) (1 - (at - before));
        weights[row + after] += (float) (at - before);
      } else {
        int first = (int) (i * from / to);
        int end = (int) (((i + 1) * from + to - 1) / to);
        for (int j = first; j < end; j++) {
          weights[row + j] = 1f / (end - first);
        }
      }
    }
    NDManager manager = like.getManager();
    return manager
        .create(weights, new Shape(to, from))
        .toType(like.getDataType(), false)
        .toDevice(like.getDevice(), false);
  }
}
