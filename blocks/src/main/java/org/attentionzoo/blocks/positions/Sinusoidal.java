package org.attentionzoo.blocks.positions;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;

/**
 * The sinusoidal position embedding of Vaswani et al. 2017, section 3.5: sine in even channels,
 * cosine in odd ones, frequency 10000^(-2i/width).
 */
public final class Sinusoidal {

  private Sinusoidal() {}

  /**
   * Embeds positions.
   *
   * @param positions (...) int64 or float
   * @param width the number of channels, even
   * @return (..., width) float32
   */
  public static NDArray embed(NDArray positions, int width) {
    NDArray channel =
        positions.getManager().arange(0f, width, 2f, DataType.FLOAT32, positions.getDevice());
    NDArray frequency = Arithmetic.times(channel, -Math.log(10000) / width).exp();
    NDArray angle = positions.toType(DataType.FLOAT32, false).expandDims(-1).mul(frequency);
    Shape shape = positions.getShape().add(width);
    return NDArrays.stack(new NDList(angle.sin(), angle.cos()), -1).reshape(shape);
  }
}
