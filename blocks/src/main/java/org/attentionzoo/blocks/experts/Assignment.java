package org.attentionzoo.blocks.experts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Which experts each of N tokens goes to.
 *
 * @param experts (N, k) int64, different within a row
 * @param gates (N, k), what each chosen expert's output is multiplied by
 */
public record Assignment(NDArray experts, NDArray gates) {

  /**
   * The same with experts that take a limited number of tokens: of those that choose an expert, the
   * first in order of tokens, then of choice, keep their gate; the gate of the others becomes 0.
   *
   * @param count the number of experts
   * @param capacity how many tokens an expert takes
   * @return a new assignment
   */
  public Assignment limited(int count, long capacity) {
    Shape shape = experts.getShape();
    NDArray chosen =
        experts.reshape(-1).oneHot(count, DataType.INT64).toType(DataType.INT64, false); // (N k, E)
    NDArray place = chosen.cumSum(0).mul(chosen).sum(new int[] {1}).reshape(shape);
    return new Assignment(
        experts, gates.mul(place.lte(capacity).toType(gates.getDataType(), false)));
  }

  /**
   * How many tokens chose each expert.
   *
   * @param count the number of experts
   * @return (count) in the gates' data type
   */
  public NDArray load(int count) {
    return experts
        .reshape(-1)
        .oneHot(count, DataType.FLOAT32)
        .sum(new int[] {0})
        .toType(gates.getDataType(), false);
  }
}
