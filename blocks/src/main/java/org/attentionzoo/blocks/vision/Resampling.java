package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Tensors;

/**
 * Changes the size of maps by products with small matrices, made on the device of an activation:
 * each is (to, from) for one side, and {@link #grid} makes one for row-major maps out of two.
 */
public final class Resampling {

  private Resampling() {}

  /**
   * Linear interpolation as PyTorch's {@code interpolate(mode="bilinear", align_corners=False)} has
   * it along one side: the place (i + 1/2) from / to - 1/2, clamped to the side.
   *
   * @param like an activation on the wanted device, of the wanted type
   * @param from the side's length before
   * @param to the side's length after
   * @return (to, from), whose rows sum to 1
   */
  public static NDArray linear(NDArray like, int from, int to) {
    NDArray place = Arithmetic.times(range(like, to).add(0.5), (double) from / to).sub(0.5);
    NDArray inside = Arithmetic.atMost(Arithmetic.atLeast(place, 0), from - 1);
    NDArray distance = inside.reshape(to, 1).sub(range(like, from).reshape(1, from)).abs();
    return Arithmetic.atLeast(Tensors.oneMinus(distance), 0).toType(like.getDataType(), false);
  }

  /**
   * The means of PyTorch's {@code AdaptiveAvgPool} along one side: of the places from floor(i from
   * / to) to before ceil((i + 1) from / to).
   *
   * @param like an activation on the wanted device, of the wanted type
   * @param from the side's length before
   * @param to the side's length after
   * @return (to, from), whose rows sum to 1
   */
  public static NDArray adaptiveMean(NDArray like, int from, int to) {
    NDArray row = range(like, to).reshape(to, 1);
    NDArray column = range(like, from).reshape(1, from);
    NDArray scaled = Arithmetic.times(column, to); // place j lies in cell i ...
    NDArray first = Arithmetic.times(row, from);
    NDArray after = first.add(from); // ... if [j, j + 1) and [i, i + 1) from / to overlap
    NDArray inside =
        scaled.add(to).gt(first).logicalAnd(scaled.lt(after)).toType(like.getDataType(), false);
    return inside.div(inside.sum(new int[] {1}, true));
  }

  /**
   * The matrix that acts on both sides of a row-major map.
   *
   * @param down (rows', rows)
   * @param across (columns', columns)
   * @return (rows' columns', rows columns)
   */
  public static NDArray grid(NDArray down, NDArray across) {
    long rows = down.getShape().get(0);
    long fromRows = down.getShape().get(1);
    long columns = across.getShape().get(0);
    long fromColumns = across.getShape().get(1);
    return down.reshape(rows, 1, fromRows, 1)
        .mul(across.reshape(1, columns, 1, fromColumns))
        .reshape(rows * columns, fromRows * fromColumns);
  }

  private static NDArray range(NDArray like, int count) {
    return like.getManager().arange(0, count, 1, DataType.FLOAT32, like.getDevice());
  }
}
