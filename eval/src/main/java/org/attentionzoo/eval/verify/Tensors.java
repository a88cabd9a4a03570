package org.attentionzoo.eval.verify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Compares arrays by the rule of the golden cases. */
final class Tensors {

  private static final double SMALLEST_SCALE = 1e-3;

  private Tensors() {}

  /**
   * Compares.
   *
   * @param name for the report
   * @param ours our array
   * @param golden the official one
   */
  static TensorComparison compare(String name, NDArray ours, NDArray golden) {
    Shape shape = golden.getShape();
    if (!ours.getShape().equals(shape)) {
      return TensorComparison.impossible(name, shape, "our shape is " + ours.getShape());
    }
    DataType type = golden.getDataType();
    boolean sameKind =
        type.isFloating()
            ? ours.getDataType().isFloating()
            : kind(type) == kind(ours.getDataType());
    if (!sameKind) {
      return TensorComparison.impossible(
          name, shape, "our type is " + ours.getDataType() + ", the official one " + type);
    }
    return type.isFloating()
        ? compareFloating(name, shape, doubles(ours), doubles(golden))
        : compareExactly(name, shape, longs(ours), longs(golden));
  }

  private static boolean kind(DataType type) {
    return type == DataType.BOOLEAN;
  }

  private static TensorComparison compareFloating(
      String name, Shape shape, double[] ours, double[] golden) {
    double scale = SMALLEST_SCALE;
    double worst = 0;
    for (int i = 0; i < golden.length; i++) {
      if (!Double.isFinite(golden[i]) || !Double.isFinite(ours[i])) {
        if (Double.compare(golden[i], ours[i]) != 0) {
          return TensorComparison.impossible(
              name, shape, "at " + i + " we have " + ours[i] + ", official is " + golden[i]);
        }
        continue;
      }
      scale = Math.max(scale, Math.abs(golden[i]));
      worst = Math.max(worst, Math.abs(ours[i] - golden[i]));
    }
    return TensorComparison.of(name, shape, worst / scale);
  }

  private static TensorComparison compareExactly(
      String name, Shape shape, long[] ours, long[] golden) {
    for (int i = 0; i < golden.length; i++) {
      if (ours[i] != golden[i]) {
        return TensorComparison.impossible(
            name, shape, "at " + i + " we have " + ours[i] + ", official is " + golden[i]);
      }
    }
    return TensorComparison.of(name, shape, 0);
  }

  private static double[] doubles(NDArray array) {
    if (array.size() == 0) {
      return new double[0];
    }
    try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
      return wide.toDoubleArray();
    }
  }

  private static long[] longs(NDArray array) {
    if (array.size() == 0) {
      return new long[0];
    }
    try (NDArray wide = array.toType(DataType.INT64, true)) {
      return wide.toLongArray();
    }
  }
}
