package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Orders in which of equal numbers the earlier comes first. The engine's own sort keeps to that in
 * rows of a few numbers only.
 */
public final class StableOrder {

  private StableOrder() {}

  /**
   * Orders along the last axis, the greatest first.
   *
   * @param x (..., N), no NaN; gradients do not flow
   * @return (..., N) int64, where the greatest, the next, ... are
   */
  public static NDArray descending(NDArray x) {
    int last = x.getShape().dimension() - 1;
    NDArray fixed = x.stopGradient();
    NDArray order = fixed.neg().argSort(last);
    NDArray sorted = fixed.gather(order, last);
    NDArray changes =
        sorted.get("..., 1:").neq(sorted.get("..., :-1")).toType(DataType.INT64, false);
    NDArray first = order.get("..., :1").zerosLike();
    NDArray group = first.concat(changes, last).cumSum(last); // equal numbers are one group
    NDArray places = Arithmetic.times(group, x.getShape().get(last)).add(order);
    return order.gather(places.toType(DataType.INT64, false).argSort(last), last);
  }

  /**
   * The place of each number in that order.
   *
   * @param x (..., N), no NaN; gradients do not flow
   * @return (..., N) int64, 0 for the greatest
   */
  public static NDArray ranks(NDArray x) {
    return descending(x).argSort(x.getShape().dimension() - 1);
  }
}
