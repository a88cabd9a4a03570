package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/** Small operations that several mechanisms share. */
public final class Tensors {

  private Tensors() {}

  /**
   * 1 - x.
   *
   * @param x any shape
   * @return the same shape
   */
  public static NDArray oneMinus(NDArray x) {
    return x.neg().add(1);
  }

  /**
   * a where a mask is 1, b where it is 0.
   *
   * @param mask 1 and 0, of the data type of a and b; broadcastable
   * @param a finite
   * @param b finite
   * @return the broadcast shape
   */
  public static NDArray choose(NDArray mask, NDArray a, NDArray b) {
    return a.mul(mask).add(b.mul(oneMinus(mask)));
  }

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

  /**
   * The heads of a projection.
   *
   * @param x (B, L, heads * d), head after head
   * @param heads how many
   * @return (B, heads, L, d)
   */
  public static NDArray splitHeads(NDArray x, long heads) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1), heads, shape.get(2) / heads).transpose(0, 2, 1, 3);
  }

  /**
   * The heads of several projections that are one product, as queries, keys and values often are.
   * One operator takes them apart: slices would each have a gradient of full size.
   *
   * @param joint (B, L, parts * heads * d), part after part
   * @param parts how many projections
   * @param heads how many heads each has
   * @return each (B, heads, L, d)
   */
  public static NDList splitHeads(NDArray joint, int parts, long heads) {
    NDList all = new NDList();
    for (NDArray part : joint.split(parts, 2)) {
      all.add(splitHeads(part, heads));
    }
    return all;
  }

  /**
   * What heads read, side by side again.
   *
   * @param x (B, heads, L, d)
   * @return (B, L, heads * d), head after head
   */
  public static NDArray joinHeads(NDArray x) {
    Shape shape = x.getShape();
    return x.transpose(0, 2, 1, 3).reshape(shape.get(0), shape.get(2), shape.get(1) * shape.get(3));
  }
}
