package org.attentionzoo.datasets;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import java.nio.ByteOrder;

/**
 * Makes arrays from Java values. On the CPU it writes into memory that libtorch allocated: DJL's
 * own {@code create} keeps each array in a Java direct buffer until a garbage collection, so that a
 * long run's memory grows.
 */
public final class Tensors {

  private Tensors() {}

  /**
   * An int64 array.
   *
   * @param manager owns the array; decides its device
   * @param shape the shape
   * @param values as many as the shape says, in row-major order
   * @return the array
   */
  public static NDArray int64(NDManager manager, Shape shape, long[] values) {
    if (shape.size() != values.length) {
      throw new IllegalArgumentException(values.length + " values do not fill " + shape);
    }
    if (manager.getDevice().isGpu() || values.length == 0) {
      return manager.create(values, shape);
    }
    NDArray array = manager.create(shape, DataType.INT64);
    if (array instanceof PtNDArray) {
      array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asLongBuffer().put(values);
      return array;
    }
    array.close();
    return manager.create(values, shape);
  }

  /**
   * A float32 array.
   *
   * @param manager owns the array; decides its device
   * @param shape the shape
   * @param values as many as the shape says, in row-major order
   * @return the array
   */
  public static NDArray float32(NDManager manager, Shape shape, float[] values) {
    if (shape.size() != values.length) {
      throw new IllegalArgumentException(values.length + " values do not fill " + shape);
    }
    if (manager.getDevice().isGpu() || values.length == 0) {
      return manager.create(values, shape);
    }
    NDArray array = manager.create(shape, DataType.FLOAT32);
    if (array instanceof PtNDArray) {
      array.toByteBuffer(true).order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
      return array;
    }
    array.close();
    return manager.create(values, shape);
  }
}
