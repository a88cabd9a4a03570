package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * PyTorch's {@code channels_last}: images whose channels lie side by side in memory. Shapes and
 * values are those of the images as they were; what convolutions, norms and activations make of
 * them lies the same way, so that a network asks for it once, at its start.
 */
public final class ChannelsLast {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(ChannelsLast.class, "vision.torchscript");

  private ChannelsLast() {}

  /**
   * Lays images out for the convolutions that follow.
   *
   * @param pass what the pass carries; on its plain path the images stay as they are
   * @param x (B, C, H, W)
   * @return the same values. On a CPU, the channels lie side by side, which spares each convolution
   *     to rearrange them; a GPU gets the images as they are
   */
  public static NDArray of(Pass pass, NDArray x) {
    return pass.kernels(x) && !x.getDevice().isGpu() ? arranged(x) : x;
  }

  static NDArray arranged(NDArray x) {
    return KERNELS.call("channels_last", x);
  }
}
