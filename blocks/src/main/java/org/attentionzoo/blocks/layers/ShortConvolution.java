package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Depthwise causal convolution over time: y_t = sum_j w_j x_{t-K+1+j} per channel, zeros before the
 * start. Inputs at padded positions must be zero.
 *
 * <p>State dict: {@code weight} (width, 1, K), as PyTorch's grouped {@code Conv1d} without bias.
 */
public final class ShortConvolution extends UnaryBlock {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(ShortConvolution.class, "layers.torchscript");

  /** From this length on the kernel is not used in prediction. */
  private static final int LONG = 256;

  private final int kernel;
  private final Parameter weight;

  /**
   * A convolution.
   *
   * @param width the number of channels
   * @param kernel how many positions are seen, the present one included
   */
  public ShortConvolution(int width, int kernel) {
    this.kernel = kernel;
    weight = parameter("weight", Initializers.fanIn(kernel), width, 1, kernel);
  }

  /**
   * Convolves; with a decode cache, continues where the last piece ended.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    if (pass.cache() == null) {
      return forward(pass, x, null);
    }
    DecodeState state = pass.cache().of(this);
    NDArray remembered = state.borrow("past", x);
    NDArray past = remembered == null ? emptyPast(x) : remembered;
    state.put("past", nextPast(past, x, null));
    return forward(pass, x, past);
  }

  /**
   * Convolves a piece of sequences.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param past (B, K - 1, width) the inputs before the piece; null for zeros
   * @return the same shape as x
   */
  public NDArray forward(Pass pass, NDArray x, NDArray past) {
    NDArray w = pass.value(weight, x);
    return pass.kernels(x) && isFaster(pass, x, past) ? fast(x, w, past) : plain(x, w, past);
  }

  /**
   * On a CPU the kernel took 0.86 of the plain version's time in prediction at length 64, but 1.34
   * at 512, after a past 1.41 to 1.45, and in training 1.08 to 2.33 ({@code zoo bench kernels
   * convolution}).
   */
  private static boolean isFaster(Pass pass, NDArray x, NDArray past) {
    return x.getDevice().isGpu()
        || past == null && !pass.isTraining() && x.getShape().get(1) < LONG;
  }

  /**
   * The inputs before a sequence's start.
   *
   * @param x (B, L, width)
   * @return (B, K - 1, width) zeros
   */
  public NDArray emptyPast(NDArray x) {
    Shape shape = x.getShape();
    return x.getManager().zeros(new Shape(shape.get(0), kernel - 1, shape.get(2)), x.getDataType());
  }

  /**
   * The inputs before the next piece.
   *
   * @param past (B, K - 1, width) the inputs before this piece
   * @param x (B, L, width) this piece
   * @param live (B, 1) float, 0 for rows whose only token is padding, which are left as they were;
   *     null if nothing is padded. Only read for pieces of one token
   * @return (B, K - 1, width)
   */
  public NDArray nextPast(NDArray past, NDArray x, NDArray live) {
    long length = x.getShape().get(1);
    NDArray next = past.concat(x, 1).get(":, {}:", length);
    if (live == null || length > 1) {
      return next;
    }
    NDArray row = live.expandDims(2);
    return Tensors.choose(row, next, past);
  }

  static NDArray fast(NDArray x, NDArray weight, NDArray past) {
    return KERNELS.call("causal_convolution", x, weight, past);
  }

  static NDArray plain(NDArray x, NDArray weight, NDArray past) {
    Shape shape = x.getShape();
    long taps = weight.getShape().get(2);
    NDArray before =
        past != null || taps == 1
            ? past
            : x.getManager()
                .zeros(new Shape(shape.get(0), taps - 1, shape.get(2)), x.getDataType());
    NDArray padded = before == null ? x : before.concat(x, 1);
    NDArray w = weight.reshape(shape.get(2), taps);
    // What is made from a parameter would live as long as the parameter.
    w.attach(x.getManager());
    NDArray sum = null;
    for (long tap = 0; tap < taps; tap++) {
      NDArray term = padded.get(":, {}:{}", tap, tap + shape.get(1)).mul(w.get(":, {}", tap));
      sum = sum == null ? term : sum.add(term);
    }
    return sum;
  }
}
