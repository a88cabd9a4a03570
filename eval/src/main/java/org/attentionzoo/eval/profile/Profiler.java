package org.attentionzoo.eval.profile;

import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;

/**
 * Records every native operator that this thread, and the backward passes that it starts, call
 * until closed. One at a time in a process.
 */
public final class Profiler implements AutoCloseable {

  private final Path file;
  private boolean running = true;

  private Profiler(Path file) {
    this.file = file;
  }

  /**
   * Starts recording.
   *
   * @param file the trace to write, in the Chrome format; its folder exists
   * @return to be closed, which writes the file
   * @throws UserException if the file cannot be written
   */
  public static Profiler start(Path file) {
    try {
      // Found out now: libtorch would say nothing and lose the trace.
      Files.writeString(file, "[]");
    } catch (IOException e) {
      throw new UserException("cannot write the trace " + file + ": " + e.getMessage(), e);
    }
    // Without memory, of which the trace tells nothing and libtorch warns on the terminal.
    JniUtils.startProfile(false, true, false);
    return new Profiler(file);
  }

  /**
   * Records what some work does.
   *
   * @param work what to record
   * @return the trace
   */
  public static Trace record(Runnable work) {
    try {
      Path file = Files.createTempFile("zoo-trace", ".json");
      try {
        try (Profiler ignored = start(file)) {
          work.run();
        }
        return Trace.read(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops recording and writes the file. */
  @Override
  public void close() {
    if (running) {
      running = false;
      JniUtils.stopProfile(file.toString());
    }
  }
}
