package org.attentionzoo.blocks.kernels;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.attentionzoo.blocks.Processor;
import org.attentionzoo.blocks.UserException;

/**
 * Which of libtorch's two libraries computes float32 matrix products faster on this processor. Its
 * matrix operators ask MKL, which uses AVX-512 on Intel's processors only; its convolutions ask
 * oneDNN, which uses what the processor has.
 *
 * <p>The answer depends on the processor alone, so that a run that is resumed computes the same
 * bits. The system property {@code zoo.products}, {@code mkl} or {@code onednn}, decides otherwise.
 *
 * <p>Thread safety: all methods may be called by any thread.
 */
public final class ProductLibrary {

  /** The system property that names a library. */
  public static final String PROPERTY = "zoo.products";

  /** Looked up once: reading the file takes longer than a product. */
  private static volatile Boolean oneDnn;

  private ProductLibrary() {}

  /**
   * Whether oneDNN computes large products of float32 on a CPU faster than MKL.
   *
   * @return true on an AMD processor with AVX-512, unless the property says otherwise
   * @throws UserException if the property has another value than {@code mkl} and {@code onednn}
   */
  public static boolean isOneDnnFaster() {
    Boolean known = oneDnn;
    if (known == null) {
      known =
          isOneDnnFaster(
              System.getProperty(PROPERTY),
              Processor.field("vendor_id").orElse(""),
              Processor.field("flags").orElse(""));
      oneDnn = known;
    }
    return known;
  }

  /**
   * Whether oneDNN computes large products with an array faster than MKL.
   *
   * @param x what is multiplied
   * @return false for other arrays than those of float32 on a CPU
   * @throws UserException as {@link #isOneDnnFaster()} does
   */
  public static boolean isOneDnnFaster(NDArray x) {
    return !x.getDevice().isGpu() && x.getDataType() == DataType.FLOAT32 && isOneDnnFaster();
  }

  /** By the property's value, if there is one, or the processor's vendor and its abilities. */
  static boolean isOneDnnFaster(String property, String vendor, String flags) {
    if (property == null) {
      return vendor.equals("AuthenticAMD") && List.of(flags.split(" ")).contains("avx512f");
    }
    return switch (property) {
      case "mkl" -> false;
      case "onednn" -> true;
      default ->
          throw new UserException(
              "the system property "
                  + PROPERTY
                  + " is '"
                  + property
                  + "'; it can be mkl or onednn");
    };
  }
}
