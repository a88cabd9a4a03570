package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/** PyTorch's {@code ReLU6}: min(max(x, 0), 6), with gradient 0 at 0 and at 6. */
public final class Relu6 extends UnaryBlock {

  private static final KernelLibrary KERNELS = KernelLibrary.of(Relu6.class, "vision.torchscript");
  private static final double BOUND = 6;

  /**
   * Bounds values.
   *
   * @param pass what the pass carries
   * @param x any shape
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return pass.kernels(x) ? fast(x) : plain(x);
  }

  static NDArray fast(NDArray x) {
    return KERNELS.call("relu6", x);
  }

  static NDArray plain(NDArray x) {
    NDArray above = x.gte(BOUND);
    NDArray inside = x.gt(0).logicalAnd(above.logicalNot());
    NDArray most = Arithmetic.times(above.toType(x.getDataType(), false), BOUND);
    return x.mul(inside.toType(x.getDataType(), false)).add(most);
  }
}
