package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.TensorInfo;

/** Shows how many bytes of weights have gone by: a bar on a terminal, else a line now and then. */
final class CopyDisplay implements Consumer<TensorInfo>, AutoCloseable {

  private static final Duration INTERVAL = Duration.ofSeconds(10);
  private static final int REFRESH_MILLIS = 200;
  private static final long MEGABYTE = 1_000_000;

  /** Less is done at once. */
  private static final long FEWEST = 100 * MEGABYTE;

  private final PrintWriter err;
  private final String what;
  private final long total;
  private final ProgressBar bar;
  private long done;
  private long lastLine = System.nanoTime();

  private CopyDisplay(PrintWriter err, String what, long total, ProgressBar bar) {
    this.err = err;
    this.what = what;
    this.total = total;
    this.bar = bar;
  }

  static CopyDisplay on(PrintWriter err, String what, StoredWeights weights) {
    int columns = Integer.getInteger(ProgressDisplay.COLUMNS, 0);
    long total = weights.tensors().values().stream().mapToLong(TensorInfo::bytes).sum();
    if (columns <= 0 || total < FEWEST) {
      return new CopyDisplay(err, what, total, null);
    }
    ProgressBar bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(total)
            .setUnit(" MB", MEGABYTE)
            .setStyle(ProgressBarStyle.ASCII)
            .showSpeed()
            .setUpdateIntervalMillis(REFRESH_MILLIS)
            .setMaxRenderedLength(columns - 1)
            .setConsumer(
                new DelegatingProgressBarConsumer(
                    text -> {
                      err.print("\r" + text);
                      err.flush();
                    },
                    columns - 1))
            .build();
    return new CopyDisplay(err, what, total, bar);
  }

  @Override
  public void accept(TensorInfo tensor) {
    done += tensor.bytes();
    if (bar != null) {
      bar.stepTo(done);
    } else if (System.nanoTime() - lastLine >= INTERVAL.toNanos()) {
      lastLine = System.nanoTime();
      err.printf(Locale.ROOT, "%s: %,d of %,d MB%n", what, done / MEGABYTE, total / MEGABYTE);
      err.flush();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      err.print("\r\u001B[K");
      err.flush();
    }
  }
}
