package org.attentionzoo.training.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

/** Reads scalars of any floating-point type. */
final class Scalars {

  private Scalars() {}

  /** The value; waits for the device. */
  static double read(NDArray scalar) {
    return switch (scalar.getDataType()) {
      case FLOAT32 -> scalar.getFloat();
      case FLOAT64 -> scalar.getDouble();
      default -> {
        try (NDArray copy = scalar.toType(DataType.FLOAT64, true)) {
          yield copy.getDouble();
        }
      }
    };
  }
}
