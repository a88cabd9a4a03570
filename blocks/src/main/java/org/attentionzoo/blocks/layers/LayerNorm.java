package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * PyTorch's {@code LayerNorm} over the last axis: (x - mean) / sqrt(variance + epsilon) * weight +
 * bias, with the biased variance; or without the bias.
 *
 * <p>State dict: {@code weight} (width), {@code bias} (width) where there is one.
 */
public final class LayerNorm extends UnaryBlock {

  private final int width;
  private final double epsilon;
  private final Parameter weight;
  private final Parameter bias;

  /**
   * A norm with PyTorch's epsilon, 1e-5.
   *
   * @param width the size of the last axis
   */
  public LayerNorm(int width) {
    this(width, 1e-5);
  }

  /**
   * A norm.
   *
   * @param width the size of the last axis
   * @param epsilon added to the variance
   */
  public LayerNorm(int width, double epsilon) {
    this(width, epsilon, true);
  }

  /**
   * A norm.
   *
   * @param width the size of the last axis
   * @param epsilon added to the variance
   * @param biased whether there is a bias
   */
  public LayerNorm(int width, double epsilon, boolean biased) {
    this.width = width;
    this.epsilon = epsilon;
    weight = parameter("weight", Initializers.constant(1), width);
    bias = biased ? parameter("bias", Initializers.constant(0), width) : null;
  }

  /**
   * Normalises the last axis.
   *
   * @param pass what the pass carries
   * @param x (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray shift =
        bias == null
            ? x.getManager().zeros(new Shape(width), x.getDataType(), x.getDevice())
            : pass.value(bias, x);
    return ai.djl.nn.norm.LayerNorm.layerNorm(
            x, new Shape(width), pass.value(weight, x), shift, (float) epsilon)
        .singletonOrThrow();
  }
}
