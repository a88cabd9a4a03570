package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Moves the valid tokens of each row to its front, in order, and back: what depends on a token's
 * place among the valid ones (chunks, segments) is then right wherever the padding stood.
 */
public final class Padding {

  private final NDArray valid;
  private final NDArray place;
  private final NDArray order;

  /**
   * Finds the places.
   *
   * @param valid (B, L) boolean, false where padded
   */
  public Padding(NDArray valid) {
    NDArray ones = valid.toType(DataType.INT64, false);
    NDArray zeros = ones.neg().add(1);
    NDArray total = ones.sum(new int[] {1}, true);
    NDArray whenValid = ones.cumSum(1).sub(1).mul(ones);
    NDArray whenPadded = zeros.cumSum(1).sub(1).add(total).mul(zeros);
    place = whenValid.add(whenPadded).toType(DataType.INT64, false);
    order = place.argSort(1);
    this.valid = valid.gather(order, 1);
  }

  /**
   * Which tokens are valid once they are moved.
   *
   * @return (B, L) boolean
   */
  public NDArray valid() {
    return valid;
  }

  /**
   * Which tokens they are: at place i stands the token order[i].
   *
   * @return (B, L) int64
   */
  public NDArray order() {
    return order;
  }

  /**
   * Moves valid tokens to the front.
   *
   * @param x (B, L, D)
   * @return the same shape
   */
  public NDArray compact(NDArray x) {
    return x.gather(wide(order, x), 1);
  }

  /**
   * Moves them back.
   *
   * @param x (B, L, D)
   * @return the same shape
   */
  public NDArray restore(NDArray x) {
    return x.gather(wide(place, x), 1);
  }

  private static NDArray wide(NDArray index, NDArray x) {
    Shape shape = x.getShape();
    return index.expandDims(2).broadcast(new Shape(shape.get(0), shape.get(1), shape.get(2)));
  }
}
