package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * PyTorch's {@code channels_last}: images whose channels lie side by side in memory. Shapes and
 * values are those of the images as they were; what convolutions, norms and activations make of
 * them lies the same way, so that a stage of a network asks for it once, at its start.
 *
 * <p>It spares each convolution on a CPU to rearrange its images, but has it rearrange its weight.
 * So it pays where a convolution has many more pixels than channels.
 */
public final class ChannelsLast {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(ChannelsLast.class, "vision.torchscript");

  /** Pixels of a batch for each channel from which on it was measured to pay. */
  private static final long PIXELS_PER_CHANNEL = 4;

  private ChannelsLast() {}

  /**
   * Lays images out for the convolutions that follow.
   *
   * @param pass what the pass carries; on its plain path the images stay as they are
   * @param x (B, C, H, W)
   * @param channels how many channels the convolutions give
   * @param stride the step of the first of them
   * @return the same values. On a CPU the channels lie side by side if the convolutions' outputs
   *     have at least four pixels for each channel, and else the pixels; a GPU gets the images as
   *     they are
   */
  public static NDArray of(Pass pass, NDArray x, int channels, int stride) {
    if (!pass.kernels(x) || x.getDevice().isGpu()) {
      return x;
    }
    long pixels = x.size(0) * x.size(2) * x.size(3) / ((long) stride * stride);
    return pixels >= PIXELS_PER_CHANNEL * channels ? channelsLast(x) : pixelsLast(x);
  }

  static NDArray channelsLast(NDArray x) {
    return KERNELS.call("channels_last", x);
  }

  static NDArray pixelsLast(NDArray x) {
    return KERNELS.call("pixels_last", x);
  }
}
