package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** How all progress bars look, on a terminal only; elsewhere a line now and then does. */
final class TerminalBar {

  /** Set by {@code scripts/zoo} when standard error is a terminal: its width in columns. */
  private static final String COLUMNS = "zoo.terminal.columns";

  /** How long it is between two lines where there is no terminal. */
  static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

  private static final int REFRESH_MILLIS = 200;

  private TerminalBar() {}

  /** The width of the terminal that standard error is; 0 where it is none. */
  static int columns() {
    return Math.max(0, Integer.getInteger(COLUMNS, 0));
  }

  /**
   * A bar that is drawn over itself.
   *
   * @param err where
   * @param columns the width of the terminal, above 0
   * @param name what stands before it
   * @param total at which it is full
   * @return what builds it
   */
  static ProgressBarBuilder on(PrintWriter err, int columns, String name, long total) {
    return new ProgressBarBuilder()
        .setTaskName(name)
        .setInitialMax(total)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setMaxRenderedLength(columns - 1)
        .setConsumer(
            new DelegatingProgressBarConsumer(
                text -> {
                  err.print("\r" + text);
                  err.flush();
                },
                columns - 1));
  }
}
