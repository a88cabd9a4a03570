package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
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
    NDArray past = null;
    if (pass.cache() != null && kernel > 1) {
      DecodeState state = pass.cache().of(this);
      past = state.get("past");
      if (past == null) {
        Shape shape = x.getShape();
        past =
            x.getManager()
                .zeros(new Shape(shape.get(0), kernel - 1, shape.get(2)), x.getDataType());
      }
      NDArray seen = past.concat(x, 1);
      state.put("past", seen.get(":, {}:", seen.getShape().get(1) - kernel + 1).duplicate());
      past = seen.get(":, :{}", kernel - 1);
    }
    NDArray w = pass.value(weight, x);
    return pass.kernels(x) ? fast(x, w, past) : plain(x, w, past);
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
    NDArray sum = null;
    for (long tap = 0; tap < taps; tap++) {
      NDArray term =
          padded.get(":, {}:{}", tap, tap + shape.get(1)).mul(weight.get(":, 0, {}", tap));
      sum = sum == null ? term : sum.add(term);
    }
    return sum;
  }
}
