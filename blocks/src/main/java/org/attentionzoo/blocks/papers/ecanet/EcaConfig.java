package org.attentionzoo.blocks.papers.ecanet;

/**
 * The size and switches of {@link EfficientChannelAttention}.
 *
 * @param channels the number of channels C
 * @param kernelSize how many neighbouring channels a gate sees, k; odd
 * @param circular whether the last channel's neighbour is the first (timm's CECA) rather than zero
 * @param perChannel whether each channel has its own k weights (the paper's ECA-NS)
 */
public record EcaConfig(int channels, int kernelSize, boolean circular, boolean perChannel) {

  /** The official layer's default of k. */
  public static final int DEFAULT_KERNEL_SIZE = 3;

  /** Refuses sizes for which gates and channels would not match. */
  public EcaConfig {
    if (channels < 1) {
      throw new IllegalArgumentException("channels is " + channels + "; expected at least 1");
    }
    if (kernelSize < 1 || kernelSize % 2 == 0) {
      throw new IllegalArgumentException(
          "kernelSize is " + kernelSize + "; expected an odd number, so that it has a middle");
    }
    if (circular && kernelSize / 2 > channels) {
      throw new IllegalArgumentException(
          "kernelSize " + kernelSize + " goes around " + channels + " channels more than once");
    }
  }

  /**
   * The official layer: zeros beyond the ends, one kernel for all channels.
   *
   * @param channels the number of channels
   * @param kernelSize how many neighbouring channels a gate sees; odd
   * @return the config
   */
  public static EcaConfig of(int channels, int kernelSize) {
    return new EcaConfig(channels, kernelSize, false, false);
  }

  /**
   * The layer whose kernel size follows from the number of channels.
   *
   * @param channels the number of channels
   * @return the config
   */
  public static EcaConfig adaptive(int channels) {
    return of(channels, kernelSizeFor(channels, 2, 1));
  }

  /**
   * The paper's adaptive kernel size (equation 12): (log2(C) + b) / gamma truncated, plus one if
   * that is even; so at least 1. The official code leaves the size to the caller.
   *
   * @param channels the number of channels
   * @param gamma the paper's gamma, 2
   * @param b the paper's b, 1
   * @return an odd number
   */
  public static int kernelSizeFor(int channels, double gamma, double b) {
    int truncated = (int) (Math.abs(Math.log(channels) / Math.log(2) + b) / gamma);
    return truncated % 2 == 1 ? truncated : truncated + 1;
  }
}
