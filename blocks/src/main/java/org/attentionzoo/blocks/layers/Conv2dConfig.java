package org.attentionzoo.blocks.layers;

/**
 * The size and switches of {@link Conv2d}, as PyTorch's constructor has them.
 *
 * @param in input channels
 * @param out output channels
 * @param kernelHeight the kernel's height
 * @param kernelWidth the kernel's width
 * @param strideHeight the step down
 * @param strideWidth the step to the right
 * @param paddingHeight zeros above and below
 * @param paddingWidth zeros at the left and right
 * @param dilation the distance between the kernel's taps
 * @param groups into how many independent groups the channels are divided
 * @param bias whether to add a bias
 */
public record Conv2dConfig(
    int in,
    int out,
    int kernelHeight,
    int kernelWidth,
    int strideHeight,
    int strideWidth,
    int paddingHeight,
    int paddingWidth,
    int dilation,
    int groups,
    boolean bias) {

  /** Refuses sizes that do not fit together. */
  public Conv2dConfig {
    if (in < 1 || out < 1 || kernelHeight < 1 || kernelWidth < 1) {
      throw new IllegalArgumentException(
          "a convolution from "
              + in
              + " to "
              + out
              + " channels with a kernel of "
              + kernelHeight
              + " x "
              + kernelWidth
              + "; expected numbers of at least 1");
    }
    if (strideHeight < 1 || strideWidth < 1 || dilation < 1) {
      throw new IllegalArgumentException("stride and dilation must be at least 1");
    }
    if (paddingHeight < 0 || paddingWidth < 0) {
      throw new IllegalArgumentException("padding must be at least 0");
    }
    if (groups < 1 || in % groups != 0 || out % groups != 0) {
      throw new IllegalArgumentException(
          "groups is " + groups + "; it must divide both " + in + " and " + out + " channels");
    }
  }

  /**
   * A square kernel with stride 1, without padding and bias.
   *
   * @param in input channels
   * @param out output channels
   * @param kernel the kernel's height and width
   * @return the config
   */
  public static Conv2dConfig of(int in, int out, int kernel) {
    return new Conv2dConfig(in, out, kernel, kernel, 1, 1, 0, 0, 1, 1, false);
  }

  /**
   * The same with another stride.
   *
   * @param stride the step down and to the right
   * @return a changed copy
   */
  public Conv2dConfig stride(int stride) {
    return new Conv2dConfig(
        in,
        out,
        kernelHeight,
        kernelWidth,
        stride,
        stride,
        paddingHeight,
        paddingWidth,
        dilation,
        groups,
        bias);
  }

  /**
   * The same with zeros on all sides.
   *
   * @param padding how many rows and columns on each side
   * @return a changed copy
   */
  public Conv2dConfig padding(int padding) {
    return new Conv2dConfig(
        in,
        out,
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        padding,
        padding,
        dilation,
        groups,
        bias);
  }

  /**
   * The same in independent groups of channels.
   *
   * @param count how many
   * @return a changed copy
   */
  public Conv2dConfig groups(int count) {
    return new Conv2dConfig(
        in,
        out,
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        paddingHeight,
        paddingWidth,
        dilation,
        count,
        bias);
  }

  /**
   * The same with a bias.
   *
   * @return a changed copy
   */
  public Conv2dConfig withBias() {
    return new Conv2dConfig(
        in,
        out,
        kernelHeight,
        kernelWidth,
        strideHeight,
        strideWidth,
        paddingHeight,
        paddingWidth,
        dilation,
        groups,
        true);
  }

  /** The number of inputs of one output. */
  long fanIn() {
    return (long) (in / groups) * kernelHeight * kernelWidth;
  }
}
