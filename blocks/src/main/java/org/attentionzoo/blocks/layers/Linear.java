package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * PyTorch's {@code Linear}: y = x W^T + b over the last axis.
 *
 * <p>State dict: {@code weight} (out, in), {@code bias} (out). Initialised as in PyTorch.
 */
public final class Linear extends UnaryBlock {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(Linear.class, "bfloat16.torchscript");

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
    NDArray w = pass.value(weight, x);
    NDArray b = bias == null ? null : pass.value(bias, x);
    return pass.isBfloat16() && pass.kernels(x)
        ? bfloat16(x, w, b)
        : ai.djl.nn.core.Linear.linear(x, w, b).singletonOrThrow();
  }

  /** The product in bfloat16; weights, their gradients and the result stay what they are. */
  static NDArray bfloat16(NDArray x, NDArray weight, NDArray bias) {
    return KERNELS.call("linear", x, weight, bias);
  }
}
