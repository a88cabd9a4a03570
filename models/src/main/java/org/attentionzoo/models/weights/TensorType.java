package org.attentionzoo.models.weights;

import ai.djl.ndarray.types.DataType;

/** The element types of safetensors, under the names that the format gives them. */
public enum TensorType {
  /** IEEE double. */
  F64(8, DataType.FLOAT64),
  /** IEEE single. */
  F32(4, DataType.FLOAT32),
  /** IEEE half. */
  F16(2, DataType.FLOAT16),
  /** The upper half of an IEEE single; read as FLOAT32, which holds it exactly. */
  BF16(2, DataType.FLOAT32),
  /** Signed 64 bits. */
  I64(8, DataType.INT64),
  /** Signed 32 bits. */
  I32(4, DataType.INT32),
  /** Signed 16 bits; read as INT32, since the engine cannot hand it to Java. */
  I16(2, DataType.INT32),
  /** Signed 8 bits. */
  I8(1, DataType.INT8),
  /** Unsigned 8 bits. */
  U8(1, DataType.UINT8),
  /** One byte, zero for false. */
  BOOL(1, DataType.BOOLEAN),
  /** Unsigned 16 bits; can be listed but not read. */
  U16(2, null),
  /** Unsigned 32 bits; can be listed but not read. */
  U32(4, null),
  /** Unsigned 64 bits; can be listed but not read. */
  U64(8, null),
  /** Float of 8 bits; can be listed but not read. */
  F8_E4M3(1, null),
  /** Float of 8 bits; can be listed but not read. */
  F8_E5M2(1, null);

  private final int bytes;
  private final DataType dataType;

  TensorType(int bytes, DataType dataType) {
    this.bytes = bytes;
    this.dataType = dataType;
  }

  /**
   * The size of an element.
   *
   * @return bytes
   */
  public int bytes() {
    return bytes;
  }

  /**
   * The type of an array that holds all values of this type exactly.
   *
   * @return the type, or null if the engine has none
   */
  public DataType dataType() {
    return dataType;
  }

  /**
   * Whether values have fractions.
   *
   * @return true for F64, F32, F16, BF16 and the 8-bit floats
   */
  public boolean isFloating() {
    return name().startsWith("F") || this == BF16;
  }

  /**
   * The type in which an array is stored.
   *
   * @param dataType the array's type
   * @return the type of the same size and meaning
   * @throws IllegalArgumentException if there is none
   */
  public static TensorType of(DataType dataType) {
    return switch (dataType) {
      case FLOAT64 -> F64;
      case FLOAT32 -> F32;
      case FLOAT16 -> F16;
      case INT64 -> I64;
      case INT32 -> I32;
      case INT8 -> I8;
      case UINT8 -> U8;
      case BOOLEAN -> BOOL;
      default ->
          throw new IllegalArgumentException("arrays of type " + dataType + " cannot be stored");
    };
  }
}
