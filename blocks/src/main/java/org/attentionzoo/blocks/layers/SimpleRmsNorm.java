package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Root-mean-square norm over the last axis without a weight (Qin et al. 2023, SRMSNorm): x /
 * sqrt(mean(x^2) + epsilon).
 */
public final class SimpleRmsNorm extends UnaryBlock {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(SimpleRmsNorm.class, "simple_rms_norm.torchscript");

  private final double epsilon;

  /** A norm with epsilon 1e-6. */
  public SimpleRmsNorm() {
    this(1e-6);
  }

  /**
   * A norm.
   *
   * @param epsilon added to the mean square
   */
  public SimpleRmsNorm(double epsilon) {
    this.epsilon = epsilon;
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
    return pass.kernels(x) ? fast(x, epsilon) : plain(x, epsilon);
  }

  static NDArray fast(NDArray x, double epsilon) {
    return KERNELS.call("simple_rms_norm", x, epsilon);
  }

  static NDArray plain(NDArray x, double epsilon) {
    return x.div(x.square().mean(new int[] {-1}, true).add(epsilon).sqrt());
  }
}
