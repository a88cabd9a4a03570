package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import org.attentionzoo.datasets.catalog.DownloadListener;
import org.attentionzoo.models.hub.HubListener;

/** Shows where a download is: a bar for each file on a terminal, else a line now and then. */
final class PullDisplay implements HubListener, DownloadListener, AutoCloseable {

  private static final int LONGEST_NAME = 40;
  private static final double MEGABYTE = 1e6;

  private final PrintWriter err;
  private final int columns;
  private ProgressBar bar;
  private long size;
  private long reached;
  private long lastLine;

  private PullDisplay(PrintWriter err, int columns) {
    this.err = err;
    this.columns = columns;
  }

  static PullDisplay on(PrintWriter err) {
    return new PullDisplay(err, TerminalBar.columns());
  }

  @Override
  public void planned(int files, long bytes) {
    if (files > 0) {
      line("to come: " + files + (files == 1 ? " file, " : " files, ") + megabytes(bytes));
    }
  }

  @Override
  public void started(String name, long bytes) {
    size = bytes;
    lastLine = System.nanoTime();
    if (columns > 0) {
      String shown =
          name.length() <= LONGEST_NAME
              ? name
              : "..." + name.substring(name.length() - LONGEST_NAME);
      bar =
          TerminalBar.on(err, columns, shown, bytes)
              .setUnit(" MB", (long) MEGABYTE)
              .showSpeed()
              .build();
    }
  }

  @Override
  public void advanced(String name, long bytes) {
    reached = bytes;
    if (bar != null) {
      bar.stepTo(bytes);
    } else if (System.nanoTime() - lastLine >= TerminalBar.BETWEEN_LINES.toNanos()) {
      lastLine = System.nanoTime();
      line(name + ": " + megabytes(bytes) + (size < 0 ? "" : " of " + megabytes(size)));
    }
  }

  @Override
  public void retrying(String name, String reason, Duration delay) {
    line(
        name
            + ": "
            + reason
            + "; again"
            + (delay.toSeconds() > 0 ? " in " + delay.toSeconds() + " s" : ""));
  }

  @Override
  public void finished(String name, boolean verified) {
    close();
    line(
        name
            + ", "
            + megabytes(Math.max(size, reached))
            + (verified ? "" : " (not verified: no hash of it is known)"));
  }

  private void line(String text) {
    err.println((bar == null ? "" : "\r\u001B[K") + text);
    err.flush();
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, bytes < MEGABYTE ? "%.3f MB" : "%.1f MB", bytes / MEGABYTE);
  }

  /** Takes the bar away; may be called twice. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
      err.print("\r\u001B[K");
      err.flush();
    }
  }
}
