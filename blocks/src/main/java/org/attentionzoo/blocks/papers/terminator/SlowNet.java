package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * A slow net: a {@link MagNet} that makes a kernel of a fixed size.
 *
 * <p>State dict: {@code train_length} (1) int32, the kernel's side, and {@code Kernel}.
 */
final class SlowNet extends UnaryBlock {

  private final int side;
  private final int dimensions;
  private final int channels;
  private final MagNet kernel;

  private SlowNet(SlowNetConfig config, int side, int dimensions, int channels, boolean local) {
    this.side = side;
    this.dimensions = dimensions;
    this.channels = channels;
    buffer("train_length", (m, shape, type) -> m.full(shape, side, DataType.INT32), 1);
    kernel = child("Kernel", new MagNet(config, side, dimensions, channels, local));
  }

  /** (1, channels, side, side), the same for every input. */
  static SlowNet global(SlowNetConfig config, int side, int channels) {
    return new SlowNet(config, side, 2, channels, false);
  }

  /** (1, 1, side), the same for every input. */
  static SlowNet channels(SlowNetConfig config, int side) {
    return new SlowNet(config, side, 1, 1, false);
  }

  /** (1, channels, side, side), dependent on the mean input. */
  static SlowNet local(SlowNetConfig config, int side, int channels) {
    return new SlowNet(config, side, 2, channels, true);
  }

  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray flat = kernel.forward(pass, x);
    return dimensions == 1 ? flat : flat.reshape(1, channels, side, side);
  }
}
