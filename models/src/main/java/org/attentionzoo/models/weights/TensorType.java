package org.attentionzoo.models.weights;

import ai.djl.ndarray.types.DataType;

/**
 * The element types of safetensors, under the names that the format gives them and in the order in
 * which its reference implementation sorts them (tensors of later types stand first in a file).
 */
public enum TensorType {
  /** One byte, zero for false. */
  BOOL(1, DataType.BOOLEAN),
  /** Unsigned 8 bits. */
  U8(1, DataType.UINT8),
  /** Signed 8 bits. */
  I8(1, DataType.INT8),
  /** Float of 8 bits with 5 of exponent; read as FLOAT32, which holds it exactly. */
  F8_E5M2(1, DataType.FLOAT32),
  /** Float of 8 bits with 4 of exponent; read as FLOAT32, which holds it exactly. */
  F8_E4M3(1, DataType.FLOAT32),
  /** A power of two in 8 bits; can be listed and copied, but not read. */
  F8_E8M0(1, null),
  /** Signed 16 bits; read as INT32, since the engine cannot hand it to Java. */
  I16(2, DataType.INT32),
  /** Unsigned 16 bits; read as INT32. */
  U16(2, DataType.INT32),
  /** IEEE half. */
  F16(2, DataType.FLOAT16),
  /** The upper half of an IEEE single; read as FLOAT32, which holds it exactly. */
  BF16(2, DataType.FLOAT32),
  /** Signed 32 bits. */
  I32(4, DataType.INT32),
  /** Unsigned 32 bits; read as INT64. */
  U32(4, DataType.INT64),
  /** IEEE single. */
  F32(4, DataType.FLOAT32),
  /** A complex number of two IEEE singles; can be listed and copied, but not read. */
  C64(8, null),
  /** IEEE double. */
  F64(8, DataType.FLOAT64),
  /** Signed 64 bits. */
  I64(8, DataType.INT64),
  /** Unsigned 64 bits; can be listed and copied, but not read. */
  U64(8, null);

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
   * Whether values are real numbers with fractions.
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
