package org.attentionzoo.eval.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What the process takes of the machine's memory. Thread safety: stateless. */
public final class Memory {

  private static final Path STATUS = Path.of("/proc/self/status");

  private Memory() {}

  /**
   * The resident set size.
   *
   * @return bytes; empty where the system does not tell
   */
  public static OptionalLong resident() {
    return read("VmRSS:");
  }

  /**
   * The largest resident set size so far.
   *
   * @return bytes; empty where the system does not tell
   */
  public static OptionalLong peak() {
    return read("VmHWM:");
  }

  private static OptionalLong read(String key) {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
          .findFirst();
    } catch (IOException e) {
      // Only Linux has the file.
      return OptionalLong.empty();
    }
  }
}
