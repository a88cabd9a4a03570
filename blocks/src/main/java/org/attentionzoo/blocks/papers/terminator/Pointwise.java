package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A linear map of channels at each place: a convolution with a kernel of one place.
 *
 * <p>State dict: {@code weight} (out, in, 1) or (out, in, 1, 1), {@code bias} (out).
 */
final class Pointwise extends UnaryBlock {

  private final int in;
  private final int out;
  private final Parameter weight;
  private final Parameter bias;

  Pointwise(int in, int out, int dimensions, Initializer weights, double startBias) {
    this.in = in;
    this.out = out;
    weight =
        dimensions == 1
            ? parameter("weight", weights, out, in, 1)
            : parameter("weight", weights, out, in, 1, 1);
    bias = parameter("bias", Initializers.constant(startBias), out);
  }

  /** PyTorch's {@code kaiming_uniform_(nonlinearity="linear")}. */
  static Initializer kaimingUniform(int in) {
    return Initializers.uniform(Math.sqrt(3.0 / in));
  }

  /** PyTorch's {@code kaiming_normal_}. */
  static Initializer kaimingNormal(int in) {
    return Initializers.normal(Math.sqrt(2.0 / in));
  }

  /** (B, in, places...) to (B, out, places...). */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray matrix = pass.value(weight, x).reshape(new Shape(out, in));
    matrix.attach(x.getManager());
    NDArray added = pass.value(bias, x).reshape(new Shape(out, 1));
    added.attach(x.getManager());
    long places = shape.slice(2).size();
    NDArray mixed = matrix.matMul(x.reshape(shape.get(0), in, places)).add(added);
    return shape.dimension() == 3
        ? mixed
        : mixed.reshape(shape.get(0), out, shape.get(2), shape.get(3));
  }
}
