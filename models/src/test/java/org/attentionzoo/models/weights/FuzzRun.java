package org.attentionzoo.models.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Counts what a fuzzer does. */
final class FuzzRun {

  private final String name;
  private final ReaderProbe probe;
  private long begin;
  private long count;

  private FuzzRun(String name, ReaderProbe probe) {
    this.name = name;
    this.probe = probe;
  }

  static FuzzRun of(String name, String suffix) {
    try {
      // In memory where there is such a place: a file is written for each execution.
      Path memory = Path.of("/dev/shm");
      Path file =
          Files.isWritable(memory)
              ? Files.createTempFile(memory, "fuzz", suffix)
              : Files.createTempFile("fuzz", suffix);
      file.toFile().deleteOnExit();
      return new FuzzRun(name, new ReaderProbe(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void check(byte[] file) {
    begin = count++ == 0 ? System.nanoTime() : begin;
    probe.check(file);
  }

  void report() {
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%s: %d executions in %.1f s, %.0f per second; %d read, %d refused%n",
        name,
        count,
        seconds,
        count / seconds,
        probe.read(),
        probe.refused());
  }
}
