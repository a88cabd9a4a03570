package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Root-mean-square norm over the last axis (Zhang and Sennrich 2019, equation 4): x /
 * sqrt(mean(x^2) + epsilon) * weight.
 *
 * <p>State dict: {@code weight} (width).
 */
public final class RmsNorm extends UnaryBlock {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(RmsNorm.class, "layers.torchscript");

  private final double epsilon;
  private final Parameter weight;

  /**
   * A norm with epsilon 1e-6.
   *
   * @param width the size of the last axis
   */
  public RmsNorm(int width) {
    this(width, 1e-6);
  }

  /**
   * A norm.
   *
   * @param width the size of the last axis
   * @param epsilon added to the mean square
   */
  public RmsNorm(int width, double epsilon) {
    this.epsilon = epsilon;
    weight = parameter("weight", Initializers.constant(1), width);
  }

  /**
   * Normalises the last axis.
   *
   * @param pass what the pass carries
   * @param x (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray w = pass.value(weight, x);
    return pass.kernels(x) ? fast(x, w, epsilon) : plain(x, w, epsilon);
  }

  static NDArray fast(NDArray x, NDArray weight, double epsilon) {
    return KERNELS.call("rms_norm", x, weight, epsilon);
  }

  static NDArray plain(NDArray x, NDArray weight, double epsilon) {
    NDArray meanSquare = x.square().mean(new int[] {-1}, true);
    return x.div(meanSquare.add(epsilon).sqrt()).mul(weight);
  }
}
