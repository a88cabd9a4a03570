package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * PyTorch's {@code LayerNorm} over the last axis: (x - mean) / sqrt(variance + epsilon) * weight +
 * bias, with the biased variance.
 *
 * <p>State dict: {@code weight} (width), {@code bias} (width).
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
    this.width = width;
    this.epsilon = epsilon;
    weight = parameter("weight", Initializers.constant(1), width);
    bias = parameter("bias", Initializers.constant(0), width);
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
    return ai.djl.nn.norm.LayerNorm.layerNorm(
            x, new Shape(width), pass.value(weight, x), pass.value(bias, x), (float) epsilon)
        .singletonOrThrow();
  }
}
