package org.attentionzoo.training.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What the process takes of the machine's memory, as Linux tells it. Thread safety: stateless. */
public final class ProcessMemory {

  private static final Path PROCESS = Path.of("/proc/self/status");
  private static final Path MACHINE = Path.of("/proc/meminfo");
  private static final Path LIMITS = Path.of("/proc/self/limits");

  private ProcessMemory() {}

  /**
   * The resident set size.
   *
   * @return bytes; empty where the system does not tell
   */
  public static OptionalLong resident() {
    return read(PROCESS, "VmRSS:");
  }

  /**
   * The largest resident set size so far.
   *
   * @return bytes; empty where the system does not tell
   */
  public static OptionalLong peak() {
    return read(PROCESS, "VmHWM:");
  }

  /**
   * What the machine can give without swapping.
   *
   * @return bytes; empty where the system does not tell
   */
  public static OptionalLong available() {
    return read(MACHINE, "MemAvailable:");
  }

  /**
   * The most data that the process may have ({@code ulimit -d}).
   *
   * @return bytes; empty if there is no limit, or the system does not tell
   */
  public static OptionalLong limit() {
    try {
      return Files.readAllLines(LIMITS).stream()
          .filter(line -> line.startsWith("Max data size"))
          .map(line -> line.strip().split("\\s{2,}")[1])
          .filter(soft -> !soft.equals("unlimited"))
          .mapToLong(Long::parseLong)
          .findFirst();
    } catch (IOException e) {
      // Only Linux has the file.
      return OptionalLong.empty();
    }
  }

  private static OptionalLong read(Path file, String key) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
          .findFirst();
    } catch (IOException e) {
      // Only Linux has the files.
      return OptionalLong.empty();
    }
  }
}
