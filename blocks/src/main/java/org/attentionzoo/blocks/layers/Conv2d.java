package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.ProductLibrary;

/**
 * PyTorch's {@code Conv2d}: the cross-correlation of images with learned kernels.
 *
 * <p>State dict: {@code weight} (out, in / groups, kernel height, kernel width), {@code bias}
 * (out). Initialised as in PyTorch unless said otherwise.
 */
public final class Conv2d extends UnaryBlock {

  private static final int FEWEST_PIXELS = 16;

  private final Conv2dConfig config;
  private final Parameter weight;
  private final Parameter bias;

  /**
   * A convolution that starts as in PyTorch.
   *
   * @param config its size and switches
   */
  public Conv2d(Conv2dConfig config) {
    this(config, Initializers.fanIn(config.fanIn()));
  }

  /**
   * A convolution whose weight starts as the caller says.
   *
   * @param config its size and switches
   * @param weights how the weight starts
   */
  public Conv2d(Conv2dConfig config, Initializer weights) {
    this.config = config;
    weight =
        parameter(
            "weight",
            weights,
            config.out(),
            config.in() / config.groups(),
            config.kernelHeight(),
            config.kernelWidth());
    bias =
        config.bias() ? parameter("bias", Initializers.fanIn(config.fanIn()), config.out()) : null;
  }

  /**
   * Convolves.
   *
   * @param pass what the pass carries
   * @param x (B, in, H, W)
   * @return (B, out, H', W'), H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1 rounded
   *     down, and likewise W'
   * @throws IllegalArgumentException if x has another shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    if (shape.dimension() != 4 || shape.get(1) != config.in()) {
      throw new IllegalArgumentException(
          "input " + shape + "; expected (batch, " + config.in() + ", height, width)");
    }
    int dilation = pass.kernels(x) && isPointForOneDnn(x) ? 2 : config.dilation();
    return ai.djl.nn.convolutional.Conv2d.conv2d(
            x,
            pass.value(weight, x),
            bias == null ? null : pass.value(bias, x),
            new Shape(config.strideHeight(), config.strideWidth()),
            new Shape(config.paddingHeight(), config.paddingWidth()),
            new Shape(dilation, dilation),
            config.groups())
        .singletonOrThrow();
  }

  /**
   * A kernel of one pixel has nothing to dilate, but with a dilation libtorch asks oneDNN, which is
   * slow for images of a few pixels.
   */
  private boolean isPointForOneDnn(NDArray x) {
    return config.kernelHeight() == 1
        && config.kernelWidth() == 1
        && x.size(2) * x.size(3) >= FEWEST_PIXELS
        && ProductLibrary.isOneDnnFaster(x);
  }
}
