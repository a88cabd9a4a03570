package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Flax's {@code DenseGeneral} without bias: a linear map from the last axes of its input to axes of
 * its own, such as (heads, head width).
 *
 * <p>State dict: {@code kernel} (in..., out...). Starts with Glorot's uniform initialiser.
 */
public final class DenseGeneral extends UnaryBlock {

  private final long[] in;
  private final long[] out;
  private final Parameter kernel;

  /**
   * A linear map.
   *
   * @param in the sizes of the last axes of the input
   * @param out the sizes of the axes that take their place
   */
  public DenseGeneral(long[] in, long[] out) {
    this.in = in.clone();
    this.out = out.clone();
    kernel =
        parameter(
            "kernel",
            (manager, shape, type) ->
                Initializers.xavierUniform(product(in), product(out))
                    .initialize(manager, shape, type),
            LongStream.concat(Arrays.stream(in), Arrays.stream(out)).toArray());
  }

  /**
   * Maps the last axes.
   *
   * @param pass what the pass carries
   * @param x (..., in...)
   * @return (..., out...)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray matrix = pass.value(kernel, x).reshape(product(in), product(out));
    matrix.attach(x.getManager());
    long[] before = Arrays.copyOf(shape.getShape(), shape.dimension() - in.length);
    long[] result = LongStream.concat(Arrays.stream(before), Arrays.stream(out)).toArray();
    return x.reshape(-1, product(in)).matMul(matrix).reshape(new Shape(result));
  }

  private static long product(long[] sizes) {
    return Arrays.stream(sizes).reduce(1, (a, b) -> a * b);
  }
}
