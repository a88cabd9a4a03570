package org.attentionzoo.blocks.papers.sea;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A convolution over rows and columns that sees rows above and its own, but none below. The kernel
 * has 2 k - 1 rows, as in the official state dict, of which the last k - 1 are zero and never used.
 * With a decode cache the rows above are those of the pieces before.
 *
 * <p>State dict: {@code weight} (out, in, 2 k - 1, k), {@code bias} (out).
 */
final class CausalConvolution extends ZooBlock {

  private static final String ROWS = "rows";

  private final int kernel;
  private final int padding;
  private final int dilation;
  private final Parameter weight;
  private final Parameter bias;

  CausalConvolution(int in, int out, int kernel, int padding, int dilation) {
    this.kernel = kernel;
    this.padding = padding;
    this.dilation = dilation;
    long fanIn = (long) in * kernel * kernel;
    weight = parameter("weight", zeroBelow(fanIn), out, in, 2L * kernel - 1, kernel);
    bias = parameter("bias", Initializers.fanIn(fanIn), out);
  }

  private static Initializer zeroBelow(long fanIn) {
    return (manager, shape, type) -> {
      long size = shape.get(3);
      Shape used = new Shape(shape.get(0), shape.get(1), size, size);
      NDArray above = Initializers.fanIn(fanIn).initialize(manager, used, type);
      if (size == 1) {
        return above;
      }
      Shape rest = new Shape(shape.get(0), shape.get(1), size - 1, size);
      try (NDArray first = above;
          NDArray below = manager.zeros(rest, type)) {
        return first.concat(below, 2);
      }
    };
  }

  /** (B, in, rows, columns). */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(convolve(pass, inputs.singletonOrThrow(), null));
  }

  /**
   * Convolves; with a decode cache, goes on below the rows before.
   *
   * @param x (B, in, rows, columns)
   * @param live (B, 1), 0 where x is one row that is not to be remembered; null to remember all
   * @return (B, out, rows, columns)
   */
  NDArray convolve(Pass pass, NDArray x, NDArray live) {
    Shape shape = x.getShape();
    long above = (kernel - 1L) * dilation;
    NDArray rows = x;
    if (above > 0) {
      DecodeState state = pass.cache() == null ? null : pass.cache().of(this);
      NDArray before = state == null ? null : state.borrow(ROWS, x);
      if (before == null) {
        before =
            x.getManager()
                .zeros(new Shape(shape.get(0), shape.get(1), above, shape.get(3)), x.getDataType());
      }
      rows = before.concat(x, 2);
      if (state != null) {
        NDArray last = rows.get(":, :, {}:", shape.get(2));
        state.put(
            ROWS, live == null ? last : Tensors.choose(live.reshape(-1, 1, 1, 1), last, before));
      }
    }
    NDArray w = pass.value(weight, x).get(":, :, :{}", kernel);
    w.attach(x.getManager());
    return ai.djl.nn.convolutional.Conv2d.conv2d(
            rows,
            w,
            pass.value(bias, x),
            new Shape(1, 1),
            new Shape(0, padding),
            new Shape(dilation, dilation),
            1)
        .singletonOrThrow();
  }
}
