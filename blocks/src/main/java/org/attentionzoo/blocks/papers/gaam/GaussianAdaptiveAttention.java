package org.attentionzoo.blocks.papers.gaam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Gaussian adaptive attention (Ioannides et al. 2024): weighs the places along one axis by a
 * product of Gaussians around the axis' own mean, each shifted by a learned offset and with a
 * learned width in units of the axis' standard deviation. The weights sum to 1.
 *
 * <p>State dict: {@code mean_offsets} (G), zeros at first; {@code c} (G), exp of a standard normal.
 *
 * <p>Along an axis of one place, whose variance the official code divides by zero, the variance is
 * 0 here.
 */
public final class GaussianAdaptiveAttention extends ZooBlock {

  private static final double EPSILON = 1e-8;

  private final int axis;
  private final OptionalDouble padding;
  private final Parameter offsets;
  private final Parameter widths;

  /**
   * Attention along an axis.
   *
   * @param axis the axis; negative from the last one
   * @param gaussians the number of Gaussians
   * @param padding the value that marks padding, which counts as zero in mean and variance and
   *     stays as it is; empty for none
   */
  public GaussianAdaptiveAttention(int axis, int gaussians, OptionalDouble padding) {
    if (gaussians < 1) {
      throw new IllegalArgumentException("gaussians must be positive; got " + gaussians);
    }
    this.axis = axis;
    this.padding = padding;
    offsets = parameter("mean_offsets", Initializers.constant(0), gaussians);
    widths =
        parameter(
            "c", (manager, shape, type) -> manager.randomNormal(shape, type).exp(), gaussians);
  }

  /**
   * Weighs.
   *
   * @param pass what the pass carries
   * @param inputs of any shape that has the axis
   * @return the weighed input and the weights, which no gradient enters, both of the input's shape
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.singletonOrThrow();
    int along = axis < 0 ? axis + x.getShape().dimension() : axis;
    if (padding.isEmpty()) {
      NDArray weights = weights(pass, x, x, along);
      return new NDList(x.mul(weights), weights.stopGradient());
    }
    NDArray mark = x.zerosLike().add(padding.getAsDouble());
    NDArray live = x.neq(mark).toType(x.getDataType(), false);
    NDArray weights = weights(pass, x, x.mul(live), along);
    NDArray padded = live.neg().add(1);
    return new NDList(x.mul(weights).mul(live).add(x.mul(padded)), weights.stopGradient());
  }

  private NDArray weights(Pass pass, NDArray x, NDArray counted, int along) {
    int[] axes = {along};
    NDArray mean = counted.mean(axes, true);
    NDArray squares = counted.sub(mean).square().sum(axes, true);
    NDArray others = Arithmetic.atLeast(x.onesLike().sum(axes, true).sub(1), 1);
    NDArray deviation = squares.div(others).add(EPSILON).sqrt();
    // (..., G): one Gaussian beside the other
    NDArray shifted =
        x.sub(mean).expandDims(-1).sub(pass.value(offsets, x)).div(deviation.expandDims(-1));
    long count = offsets.getShape().size();
    NDArray width =
        x.getManager()
            .zeros(new Shape(count), x.getDataType(), x.getDevice())
            .add(pass.value(widths, x));
    NDArray exponents = Arithmetic.times(shifted.div(width).square(), -0.5);
    NDArray heights = Arithmetic.times(width.square(), 2 * Math.PI).log();
    NDArray product = exponents.sub(Arithmetic.times(heights, 0.5)).sum(new int[] {-1}).exp();
    return product.div(Arithmetic.atLeast(product.sum(axes, true), EPSILON));
  }
}
