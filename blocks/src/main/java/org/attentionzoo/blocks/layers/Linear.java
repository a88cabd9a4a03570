package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.kernels.ProductLibrary;

/**
 * PyTorch's {@code Linear}: y = x W^T + b over the last axis.
 *
 * <p>State dict: {@code weight} (out, in), {@code bias} (out). Initialised as in PyTorch.
 */
public final class Linear extends UnaryBlock {

  private static final KernelLibrary KERNELS = KernelLibrary.of(Linear.class, "linear.torchscript");

  private static final int FEWEST_ROWS = 64;

  /** Multiplications from which on a product is worth another library: always, and mostly. */
  private static final long LARGE = 64_000_000;

  private static final long MIDDLING = 12_000_000;

  private final Parameter weight;
  private final Parameter bias;

  /**
   * A projection with a bias.
   *
   * @param in the size of the last axis of the input
   * @param out the size of the last axis of the output
   */
  public Linear(long in, long out) {
    this(in, out, true);
  }

  /**
   * A projection.
   *
   * @param in the size of the last axis of the input
   * @param out the size of the last axis of the output
   * @param bias whether to add a bias
   */
  public Linear(long in, long out, boolean bias) {
    this(in, out, Initializers.fanIn(in), bias ? Initializers.fanIn(in) : null);
  }

  /**
   * A projection that starts as the caller says.
   *
   * @param in the size of the last axis of the input
   * @param out the size of the last axis of the output
   * @param weights how the weight starts
   * @param biases how the bias starts; null for no bias
   */
  public Linear(long in, long out, Initializer weights, Initializer biases) {
    weight = parameter("weight", weights, out, in);
    bias = biases == null ? null : parameter("bias", biases, out);
  }

  /** A projection whose weight is another block's, as an output layer tied to an embedding. */
  private Linear(Parameter tied) {
    weight = tie("weight", tied);
    bias = null;
  }

  /**
   * A projection without bias that shares a weight.
   *
   * @param weight the (out, in) parameter of another block
   * @return the projection
   */
  public static Linear tiedTo(Parameter weight) {
    return new Linear(weight);
  }

  /**
   * The weight, for blocks that join several projections into one product.
   *
   * @return the (out, in) parameter
   */
  public Parameter weight() {
    return weight;
  }

  /**
   * The bias, for blocks that join several projections into one product.
   *
   * @return the (out) parameter, or null
   */
  public Parameter bias() {
    return bias;
  }

  /**
   * Projects the last axis.
   *
   * @param pass what the pass carries
   * @param x (..., in)
   * @return (..., out)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return project(pass, x, pass.value(weight, x), bias == null ? null : pass.value(bias, x));
  }

  /**
   * x W^T + b over the last axis, for blocks whose weight has a name of its own.
   *
   * @param pass what the pass carries
   * @param x (..., in)
   * @param weight (out, in)
   * @param bias (out), or null for none
   * @return (..., out)
   */
  public static NDArray project(Pass pass, NDArray x, NDArray weight, NDArray bias) {
    if (pass.kernels(x) && pass.isBfloat16()) {
      return bfloat16(x, weight, bias);
    }
    return pass.kernels(x)
            && ProductLibrary.isOneDnnFaster(x)
            && isLarge(x.size() / weight.size(1), weight.size())
        ? convolution(x, weight, bias)
        : plain(x, weight, bias);
  }

  /**
   * Where oneDNN is the faster library it is so for large products alone, and it prepares itself
   * for each number of rows that it has not met lately, which costs more than a small product
   * gains. Where texts have many lengths, few of those numbers are multiples of 64.
   */
  static boolean isLarge(long rows, long weights) {
    long multiplications = rows * weights;
    return rows >= FEWEST_ROWS
        && (multiplications >= LARGE || multiplications >= MIDDLING && rows % FEWEST_ROWS == 0);
  }

  static NDArray plain(NDArray x, NDArray weight, NDArray bias) {
    return ai.djl.nn.core.Linear.linear(x, weight, bias).singletonOrThrow();
  }

  /** The same product by libtorch's convolutions. */
  static NDArray convolution(NDArray x, NDArray weight, NDArray bias) {
    return KERNELS.call("pointwise_convolution", x, weight, bias);
  }

  /** The product in bfloat16; weights, their gradients and the result stay what they are. */
  static NDArray bfloat16(NDArray x, NDArray weight, NDArray bias) {
    return KERNELS.call("linear_bfloat16", x, weight, bias);
  }
}
