package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.pytorch.engine.PtNDArray;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Arithmetic with plain numbers that may be trained through.
 *
 * <p>DJL turns the number of {@code x.mul(2)} into a tensor over a Java buffer that it drops at
 * once. The graph keeps the tensor but not the buffer, so that a garbage collection between forward
 * and backward leaves the gradient multiplied by whatever was written there since. The same holds
 * for {@code div}, {@code pow}, {@code maximum}, {@code minimum}, {@code clip} and for what DJL
 * builds on them, such as {@code Activation.swish}; {@code add} and {@code sub} are safe, since the
 * graph keeps nothing. The numbers here live in memory that libtorch owns.
 */
public final class Arithmetic {

  private Arithmetic() {}

  /**
   * Multiplies.
   *
   * @param x any array
   * @param number the factor
   * @return x times number, in x's type if that is a floating-point type
   */
  public static NDArray times(NDArray x, double number) {
    if (!needsCare(x)) {
      return x.mul(plain(x, number));
    }
    try (NDArray scalar = scalar(x, number)) {
      return x.mul(scalar);
    }
  }

  /**
   * Raises to a power.
   *
   * @param x any array
   * @param exponent the exponent
   * @return x to the power of exponent
   */
  public static NDArray power(NDArray x, double exponent) {
    if (!needsCare(x)) {
      return x.pow(plain(x, exponent));
    }
    try (NDArray scalar = scalar(x, exponent)) {
      return x.pow(scalar);
    }
  }

  /**
   * Bounds from below.
   *
   * @param x any array
   * @param least the bound
   * @return the greater of x and least
   */
  public static NDArray atLeast(NDArray x, double least) {
    if (!needsCare(x)) {
      return x.maximum(plain(x, least));
    }
    try (NDArray scalar = scalar(x, least)) {
      return x.maximum(scalar);
    }
  }

  /**
   * Bounds from above.
   *
   * @param x any array
   * @param most the bound
   * @return the lesser of x and most
   */
  public static NDArray atMost(NDArray x, double most) {
    if (!needsCare(x)) {
      return x.minimum(plain(x, most));
    }
    try (NDArray scalar = scalar(x, most)) {
      return x.minimum(scalar);
    }
  }

  /**
   * The sigmoid-weighted linear unit, x sigmoid(x), also called swish.
   *
   * @param x any array
   * @return the same shape
   */
  public static NDArray silu(NDArray x) {
    return x.mul(Activation.sigmoid(x));
  }

  /** Arrays of whole numbers have no gradient; other engines' and a GPU's copy the number. */
  private static boolean needsCare(NDArray x) {
    return x instanceof PtNDArray && x.getDataType().isFloating() && !x.getDevice().isGpu();
  }

  private static Number plain(NDArray x, double number) {
    DataType type = x.getDataType();
    if (type == DataType.FLOAT64) {
      return number;
    }
    if (type.isFloating() || number != Math.rint(number)) {
      return (float) number;
    }
    return type == DataType.INT64 ? (Number) (long) number : (Number) (int) number;
  }

  private static NDArray scalar(NDArray x, double number) {
    DataType type = x.getDataType();
    if (type != DataType.FLOAT32 && type != DataType.FLOAT64) {
      return x.getManager().full(new Shape(), (float) number, type);
    }
    NDArray scalar = x.getManager().create(new Shape(), type);
    ByteBuffer memory = scalar.toByteBuffer(true).order(ByteOrder.nativeOrder());
    if (type == DataType.FLOAT64) {
      memory.putDouble(0, number);
    } else {
      memory.putFloat(0, (float) number);
    }
    return scalar;
  }
}
