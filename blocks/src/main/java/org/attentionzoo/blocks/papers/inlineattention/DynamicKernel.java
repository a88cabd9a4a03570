package org.attentionzoo.blocks.papers.inlineattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Predicts the 3 x 3 kernel of each channel from the mean token, head by head: W2 gelu(W1 m + b1) +
 * b2 with block-diagonal matrices.
 *
 * <p>State dict: {@code 0.weight} (C, C / heads, 1), {@code 0.bias} (C), {@code 2.weight} (9 C, C /
 * heads, 1), {@code 2.bias} (9 C), as the official {@code Sequential} of 1-D convolutions has them.
 */
final class DynamicKernel extends UnaryBlock {

  private static final int TAPS = 9;

  private final int width;
  private final GroupedLinear hidden;
  private final GroupedLinear taps;

  DynamicKernel(int width, int heads) {
    this.width = width;
    hidden = child("0", new GroupedLinear(width, width, heads));
    taps = child("2", new GroupedLinear(width, TAPS * width, heads));
  }

  /** (B, C) to (B, C, 9), taps from left to right and from top to bottom. */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray kernel = taps.forward(pass, Activation.gelu(hidden.forward(pass, x)));
    return kernel.reshape(x.getShape().get(0), width, TAPS);
  }

  /** A linear layer whose groups of inputs reach groups of outputs of their own. */
  private static final class GroupedLinear extends UnaryBlock {

    private final int in;
    private final int out;
    private final int groups;
    private final Parameter weight;
    private final Parameter bias;

    GroupedLinear(int in, int out, int groups) {
      this.in = in;
      this.out = out;
      this.groups = groups;
      int fanIn = in / groups;
      weight = parameter("weight", Initializers.fanIn(fanIn), out, fanIn, 1);
      bias = parameter("bias", Initializers.fanIn(fanIn), out);
    }

    /** (B, in) to (B, out). */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      long batch = x.getShape().get(0);
      NDArray matrices =
          pass.value(weight, x).reshape(new Shape(groups, out / groups, in / groups));
      matrices.attach(x.getManager());
      return x.reshape(batch, groups, 1, in / groups)
          .matMul(matrices.swapAxes(1, 2))
          .reshape(batch, out)
          .add(pass.value(bias, x));
    }
  }
}
