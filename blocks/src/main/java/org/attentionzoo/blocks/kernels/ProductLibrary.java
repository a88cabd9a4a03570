package org.attentionzoo.blocks.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.attentionzoo.blocks.UserException;

/**
 * Which of libtorch's two libraries computes float32 matrix products faster on this processor. Its
 * matrix operators ask MKL, which uses AVX-512 on Intel's processors only; its convolutions ask
 * oneDNN, which uses what the processor has.
 *
 * <p>The answer depends on the processor alone, so that a run that is resumed computes the same
 * bits. The system property {@code zoo.products}, {@code mkl} or {@code onednn}, decides otherwise.
 *
 * <p>Thread safety: stateless.
 */
public final class ProductLibrary {

  /** The system property that names a library. */
  public static final String PROPERTY = "zoo.products";

  private static final Path PROCESSOR = Path.of("/proc/cpuinfo");

  /** Looked up once: reading the file takes longer than a product. */
  private static volatile Boolean oneDnn;

  private ProductLibrary() {}

  /**
   * Whether oneDNN computes large products faster than MKL.
   *
   * @return true on an AMD processor with AVX-512, unless the property says otherwise
   * @throws UserException if the property has another value than {@code mkl} and {@code onednn}
   */
  public static boolean isOneDnnFaster() {
    Boolean known = oneDnn;
    if (known == null) {
      known = isOneDnnFaster(System.getProperty(PROPERTY), processor());
      oneDnn = known;
    }
    return known;
  }

  /** By the property's value, if there is one, or the lines that describe the processors. */
  static boolean isOneDnnFaster(String property, List<String> processor) {
    if (property != null) {
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
    return processor.stream().anyMatch(line -> line.matches("vendor_id\\s*:\\s*AuthenticAMD"))
        && processor.stream().anyMatch(line -> line.matches("flags\\s*:.*\\bavx512f\\b.*"));
  }

  private static List<String> processor() {
    if (!Files.isReadable(PROCESSOR)) {
      return List.of();
    }
    try {
      return Files.readAllLines(PROCESSOR);
    } catch (IOException e) {
      // Then it is not known which is faster, and either gives the right product.
      return List.of();
    }
  }
}
