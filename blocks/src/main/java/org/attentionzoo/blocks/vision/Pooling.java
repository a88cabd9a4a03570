package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.pooling.Pool;

/** PyTorch's pooling of images. */
public final class Pooling {

  private Pooling() {}

  /**
   * The mean over height and width.
   *
   * @param x (B, C, H, W)
   * @return (B, C)
   */
  public static NDArray globalAverage(NDArray x) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1), -1).mean(new int[] {2});
  }

  /**
   * The largest value of each window; what lies outside the image does not count.
   *
   * @param x (B, C, H, W)
   * @param kernel the window's height and width
   * @param stride the step down and to the right
   * @param padding how far windows reach beyond each side, at most half the kernel
   * @return (B, C, H', W'), H' = (H + 2 padding - kernel) / stride + 1 rounded down, and likewise
   *     W'
   */
  public static NDArray max(NDArray x, int kernel, int stride, int padding) {
    return Pool.maxPool2d(
        x,
        new Shape(kernel, kernel),
        new Shape(stride, stride),
        new Shape(padding, padding),
        false);
  }

  /**
   * The mean of each window; zeros beyond the image count, as in PyTorch.
   *
   * @param x (B, C, H, W)
   * @param kernel the window's height and width
   * @param stride the step down and to the right
   * @param padding how far windows reach beyond each side, at most half the kernel
   * @return (B, C, H', W') as {@link #max}
   */
  public static NDArray average(NDArray x, int kernel, int stride, int padding) {
    return Pool.avgPool2d(
        x,
        new Shape(kernel, kernel),
        new Shape(stride, stride),
        new Shape(padding, padding),
        false,
        true);
  }
}
