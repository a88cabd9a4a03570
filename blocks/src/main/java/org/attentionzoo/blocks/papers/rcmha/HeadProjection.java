package org.attentionzoo.blocks.papers.rcmha;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * A projection to heads, followed by a causal depthwise convolution over time whose filters all
 * heads share.
 *
 * <p>State dict: {@code 0.linear}, {@code 1.conv.weight} (d, 1, 3), {@code 1.conv.bias} (d);
 * without the convolution {@code linear} alone.
 */
final class HeadProjection extends ZooBlock {

  private static final int KERNEL = 3;

  private final int heads;
  private final int headWidth;
  private final Prepare prepare;
  private final Convolve convolve;

  HeadProjection(RcmhaConfig config, boolean bias) {
    heads = config.heads();
    headWidth = config.headWidth();
    Linear linear = new Linear(config.width(), config.width(), bias);
    if (config.convolution()) {
      prepare = child("0", new Prepare(linear));
      convolve = child("1", new Convolve(headWidth));
    } else {
      prepare = null;
      child("linear", linear);
      convolve = null;
    }
  }

  /** The projection under the name that the official code gives it. */
  private static final class Prepare extends UnaryBlock {
    private final Linear linear;

    Prepare(Linear linear) {
      this.linear = child("linear", linear);
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return linear.forward(pass, x);
    }
  }

  /** Holds the convolution under its official name. */
  private static final class Convolve extends UnaryBlock {
    private final Filters conv;

    Convolve(int width) {
      conv = child("conv", new Filters(width));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return conv.forward(pass, x);
    }
  }

  /** Takes (B, L + 2, H, d), the first two being the past; gives (B, L, H, d). */
  private static final class Filters extends UnaryBlock {
    private final Parameter weight;
    private final Parameter bias;

    Filters(int width) {
      weight = parameter("weight", Initializers.fanIn(KERNEL), width, 1, KERNEL);
      bias = parameter("bias", Initializers.fanIn(KERNEL), width);
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      Shape shape = x.getShape();
      long length = shape.get(1) - KERNEL + 1;
      NDArray taps = pass.value(weight, x).reshape(shape.get(3), KERNEL);
      // What is made from a parameter would live as long as the parameter.
      taps.attach(x.getManager());
      NDArray sum = null;
      for (int tap = 0; tap < KERNEL; tap++) {
        NDArray term = x.get(":, {}:{}", tap, tap + length).mul(taps.get(":, {}", tap));
        sum = sum == null ? term : sum.add(term);
      }
      return sum.add(pass.value(bias, x));
    }
  }

  /**
   * Projects sequences.
   *
   * @param pass what the pass carries; with a cache the convolution goes on where it ended
   * @param x (B, L, width)
   * @param valid (B, L) boolean; null if nothing is padded. Padded positions are zeros before the
   *     convolution
   * @return (B, H, L, d)
   */
  NDArray project(Pass pass, NDArray x, NDArray valid) {
    Shape shape = x.getShape();
    NDArray projected = prepare == null ? linear().forward(pass, x) : prepare.forward(pass, x);
    NDArray split = projected.reshape(shape.get(0), shape.get(1), heads, headWidth);
    if (convolve == null) {
      return split.transpose(0, 2, 1, 3);
    }
    if (valid != null) {
      NDArray live = valid.toType(split.getDataType(), false).expandDims(-1).expandDims(-1);
      split = split.mul(live);
    }
    NDArray continued = past(pass, split).concat(split, 1);
    if (pass.cache() != null) {
      pass.cache().of(this).put("past", continued.get(":, {}:", shape.get(1)));
    }
    return convolve.forward(pass, continued).transpose(0, 2, 1, 3);
  }

  private NDArray past(Pass pass, NDArray x) {
    DecodeState state = pass.cache() == null ? null : pass.cache().of(this);
    NDArray remembered = state == null ? null : state.borrow("past", x);
    if (remembered != null) {
      return remembered;
    }
    Shape shape = x.getShape();
    Shape before = new Shape(shape.get(0), KERNEL - 1, heads, headWidth);
    return x.getManager().zeros(before, x.getDataType());
  }

  private Linear linear() {
    return (Linear) namedChildren().get("linear");
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(project(pass, inputs.head(), null));
  }
}
