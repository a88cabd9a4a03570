package org.attentionzoo.models.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.Map;

/** Data types by their numbers in ONNX files. */
final class Types {

  private static final Map<DataType, Integer> NUMBERS =
      Map.ofEntries(
          Map.entry(DataType.FLOAT32, 1),
          Map.entry(DataType.UINT8, 2),
          Map.entry(DataType.INT8, 3),
          Map.entry(DataType.INT32, 6),
          Map.entry(DataType.INT64, 7),
          Map.entry(DataType.BOOLEAN, 9),
          Map.entry(DataType.FLOAT16, 10),
          Map.entry(DataType.FLOAT64, 11));

  private Types() {}

  static int onnx(DataType type) {
    Integer number = NUMBERS.get(type);
    if (number == null) {
      throw new NotExpressibleException("the data type " + type + " is not exported");
    }
    return number;
  }
}
