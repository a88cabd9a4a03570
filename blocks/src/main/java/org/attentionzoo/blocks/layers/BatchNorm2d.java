package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.BatchNorm;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * PyTorch's {@code BatchNorm2d}: (x - mean) / sqrt(variance + epsilon) * weight + bias for each
 * channel. A training pass takes mean and biased variance over batch, height and width, and moves
 * the running ones towards the mean and the unbiased variance by the share {@code momentum}; any
 * other pass takes the running ones.
 *
 * <p>State dict: {@code weight}, {@code bias}, {@code running_mean}, {@code running_var}, all (C),
 * and {@code num_batches_tracked} () int64.
 *
 * <p>Thread safety: unlike other blocks, training passes change buffers, so that they are for one
 * thread.
 */
public final class BatchNorm2d extends UnaryBlock {

  private final int channels;
  private final double epsilon;
  private final double momentum;
  private final Parameter weight;
  private final Parameter bias;
  private final Parameter runningMean;
  private final Parameter runningVariance;
  private final Parameter tracked;

  /**
   * A norm with PyTorch's epsilon, 1e-5, and momentum, 0.1.
   *
   * @param channels the number of channels C
   */
  public BatchNorm2d(int channels) {
    this(channels, 1e-5, 0.1);
  }

  /**
   * A norm.
   *
   * @param channels the number of channels C
   * @param epsilon added to the variance
   * @param momentum the share of a batch in the running statistics, 0 to 1
   */
  public BatchNorm2d(int channels, double epsilon, double momentum) {
    this.channels = channels;
    this.epsilon = epsilon;
    this.momentum = momentum;
    weight = parameter("weight", Initializers.constant(1), channels);
    bias = parameter("bias", Initializers.constant(0), channels);
    runningMean = buffer("running_mean", Initializers.constant(0), channels);
    runningVariance = buffer("running_var", Initializers.constant(1), channels);
    tracked = buffer("num_batches_tracked", Initializers.zeros(DataType.INT64));
  }

  /**
   * Normalises each channel.
   *
   * @param pass what the pass carries; says which statistics are used
   * @param x (B, C, H, W)
   * @return the same shape
   * @throws IllegalArgumentException if x has another shape, or if a training pass has a single
   *     value per channel, which has no variance
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    if (shape.dimension() != 4 || shape.get(1) != channels) {
      throw new IllegalArgumentException(
          "input " + shape + "; expected (batch, " + channels + ", height, width)");
    }
    if (pass.isTraining()) {
      if (shape.size() == channels) {
        throw new IllegalArgumentException(
            "input "
                + shape
                + " has one value per channel; batch statistics need more: give a larger batch or"
                + " image");
      }
      if (!pass.isRepeated()) {
        try (GradientMode ignored = GradientMode.off()) {
          pass.value(tracked, x).addi(1);
        }
      }
    }
    return BatchNorm.batchNorm(
            x,
            pass.statistic(runningMean, x),
            pass.statistic(runningVariance, x),
            pass.value(weight, x),
            pass.value(bias, x),
            1,
            (float) (1 - momentum),
            (float) epsilon,
            pass.isTraining())
        .singletonOrThrow();
  }
}
