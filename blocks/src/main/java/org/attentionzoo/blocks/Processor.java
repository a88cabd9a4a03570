package org.attentionzoo.blocks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What Linux tells about the processor. Thread safety: stateless. */
public final class Processor {

  private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

  private Processor() {}

  /**
   * A field of the first processor's description.
   *
   * @param field for example {@code model name}
   * @return its value; nothing where there is no such description or field
   */
  public static Optional<String> field(String field) {
    if (!Files.isReadable(DESCRIPTION)) {
      return Optional.empty();
    }
    try {
      return Files.readAllLines(DESCRIPTION).stream()
          .filter(line -> line.startsWith(field))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
