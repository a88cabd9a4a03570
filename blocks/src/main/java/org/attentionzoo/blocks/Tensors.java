package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;

/** NDArray operations whose DJL version loses the graph. */
public final class Tensors {

  private Tensors() {}

  /**
   * Joins arrays. DJL's {@link NDArrays#concat} duplicates a list of one, and a duplicate has no
   * gradient.
   *
   * @param arrays at least one
   * @param axis the axis along which they are joined
   * @return the joined array; the array itself if there is only one
   */
  public static NDArray concat(NDList arrays, int axis) {
    return arrays.size() == 1 ? arrays.head() : NDArrays.concat(arrays, axis);
  }
}
