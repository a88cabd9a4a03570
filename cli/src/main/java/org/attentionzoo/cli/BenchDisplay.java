package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.attentionzoo.eval.bench.Rounds;

/**
 * Says how far a benchmark is: a line that is drawn over itself on a terminal, else a line now and
 * then. It writes between what is timed only; a thread of its own would take time from that.
 */
final class BenchDisplay implements Rounds.Watcher {

  private static final Duration BETWEEN_DRAWINGS = Duration.ofMillis(100);
  private static final String CLEAR = "\r\u001B[K";

  private final PrintWriter err;
  private final int columns;
  private final LongSupplier clock;
  private String subject = "";
  private long last;
  private boolean drawn;

  private BenchDisplay(PrintWriter err, int columns, LongSupplier clock) {
    this.err = err;
    this.columns = columns;
    this.clock = clock;
    last = clock.getAsLong();
  }

  static BenchDisplay on(PrintWriter err) {
    return on(err, TerminalBar.columns(), System::nanoTime);
  }

  /** The same with any width of the terminal, 0 for none, and clock of nanoseconds. */
  static BenchDisplay on(PrintWriter err, int columns, LongSupplier clock) {
    return new BenchDisplay(err, columns, clock);
  }

  /** Names which of several things is timed now; empty if there is only one. */
  void about(String thing) {
    subject = thing.isEmpty() ? "" : thing + ": ";
  }

  @Override
  public void next(String work, int done, int all) {
    long now = clock.getAsLong();
    Duration between = columns > 0 ? BETWEEN_DRAWINGS : TerminalBar.BETWEEN_LINES;
    if (now - last < between.toNanos()) {
      return;
    }
    last = now;
    String line = String.format(Locale.ROOT, "%s%d of %d, %s", subject, done, all, work);
    if (columns == 0) {
      err.println(line);
    } else {
      err.print(CLEAR + line.substring(0, Math.min(line.length(), columns - 1)));
      drawn = true;
    }
    err.flush();
  }

  @Override
  public void finished() {
    if (drawn) {
      err.print(CLEAR);
      err.flush();
      drawn = false;
    }
  }
}
