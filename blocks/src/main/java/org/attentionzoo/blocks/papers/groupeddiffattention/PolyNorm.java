package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The activation w_0 n(z^3) + w_1 n(z^2) + w_2 n(z) + b with n(y) = y / sqrt(mean(y^2) + 1e-6) over
 * the last axis.
 *
 * <p>State dict: {@code weight} (3), a third each at first; {@code bias} (1).
 */
public final class PolyNorm extends UnaryBlock {

  private static final double EPSILON = 1e-6;

  private final Parameter weight;
  private final Parameter bias;

  /** An activation. */
  public PolyNorm() {
    weight = parameter("weight", Initializers.constant(1 / 3.0), 3);
    bias = parameter("bias", Initializers.constant(0), 1);
  }

  /**
   * Applies it.
   *
   * @param pass what the pass carries
   * @param z (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray z) {
    // A parameter may not be the receiver: results would live as long as it.
    NDArray factors =
        z.getManager()
            .zeros(new Shape(3), z.getDataType(), z.getDevice())
            .add(pass.value(weight, z));
    NDArray square = z.square();
    return normed(square.mul(z))
        .mul(factors.get(0))
        .add(normed(square).mul(factors.get(1)))
        .add(normed(z).mul(factors.get(2)))
        .add(pass.value(bias, z));
  }

  private static NDArray normed(NDArray y) {
    return y.div(y.square().mean(new int[] {-1}, true).add(EPSILON).sqrt());
  }
}
