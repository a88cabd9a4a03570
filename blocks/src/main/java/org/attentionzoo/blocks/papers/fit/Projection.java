package org.attentionzoo.blocks.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Keras' {@code Dense} and {@code EinsumDense}: x kernel + bias, the kernel with its inputs first,
 * possibly divided into heads. Starts as Keras' does: Glorot's uniform weights, zero biases.
 *
 * <p>State dict: {@code kernel} (in, out), (in, heads, headWidth) or (heads, headWidth, out), and
 * {@code bias} (out) or (heads, headWidth).
 */
final class Projection extends UnaryBlock {

  private final Shape matrix;
  private final Parameter kernel;
  private final Parameter bias;

  private Projection(Shape matrix, Initializer start, long[] kernelShape, long... biasShape) {
    this.matrix = matrix;
    kernel = parameter("kernel", start, kernelShape);
    bias = parameter("bias", Initializers.constant(0), biasShape);
  }

  static Projection dense(long in, long out) {
    Initializer start = Initializers.xavierUniform(in, out);
    return new Projection(new Shape(in, out), start, new long[] {in, out}, out);
  }

  /** In Keras' fans the axes before the last two count as a window. */
  static Projection toHeads(long in, long heads, long headWidth) {
    return new Projection(
        new Shape(in, heads * headWidth),
        Initializers.xavierUniform(heads * in, headWidth * in),
        new long[] {in, heads, headWidth},
        heads,
        headWidth);
  }

  static Projection fromHeads(long heads, long headWidth, long out) {
    return new Projection(
        new Shape(heads * headWidth, out),
        Initializers.xavierUniform(headWidth * heads, out * heads),
        new long[] {heads, headWidth, out},
        out);
  }

  /** (..., in) to (..., out). */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray weight = pass.value(kernel, x).reshape(matrix);
    weight.attach(x.getManager());
    NDArray added = pass.value(bias, x).reshape(new Shape(matrix.get(1)));
    added.attach(x.getManager());
    return x.matMul(weight).add(added);
  }
}
