package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.attentionzoo.eval.bench.Rounds;

/**
 * Says how far something is: a line that is drawn over itself on a terminal, else a line now and
 * then. It writes when it is told something only; a thread of its own would take time from what is
 * measured.
 */
final class ProgressLine implements AutoCloseable {

  private static final Duration BETWEEN_DRAWINGS = Duration.ofMillis(100);
  private static final String CLEAR = "\r\u001B[K";

  private final PrintWriter err;
  private final int columns;
  private final LongSupplier clock;
  private long last;
  private boolean drawn;

  private ProgressLine(PrintWriter err, int columns, LongSupplier clock) {
    this.err = err;
    this.columns = columns;
    this.clock = clock;
    // The first piece of work may be a long one.
    last = clock.getAsLong() - (columns > 0 ? BETWEEN_DRAWINGS.toNanos() : 0);
  }

  static ProgressLine on(PrintWriter err) {
    return on(err, TerminalBar.columns(), System::nanoTime);
  }

  /** The same with any width of the terminal, 0 for none, and clock of nanoseconds. */
  static ProgressLine on(PrintWriter err, int columns, LongSupplier clock) {
    return new ProgressLine(err, columns, clock);
  }

  /**
   * Shows a line if the last one is old enough.
   *
   * @param line without a line end
   */
  void show(String line) {
    long now = clock.getAsLong();
    Duration between = columns > 0 ? BETWEEN_DRAWINGS : TerminalBar.BETWEEN_LINES;
    if (now - last < between.toNanos()) {
      return;
    }
    last = now;
    if (columns == 0) {
      err.println(line);
    } else {
      err.print(CLEAR + line.substring(0, Math.min(line.length(), columns - 1)));
      drawn = true;
    }
    err.flush();
  }

  /** Shows how far rounds of a subject are. */
  Rounds.Watcher watch(String subject) {
    return new Rounds.Watcher() {
      @Override
      public void next(String work, int done, int all) {
        show(subject + ": " + done + " of " + all + ", " + work);
      }

      @Override
      public void finished() {
        close();
      }
    };
  }

  /** Takes the line from the terminal; another may follow. */
  @Override
  public void close() {
    if (drawn) {
      err.print(CLEAR);
      err.flush();
      drawn = false;
    }
  }
}
