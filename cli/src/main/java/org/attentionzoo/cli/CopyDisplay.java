package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.TensorInfo;

/** Shows how many bytes of weights have gone by: a bar on a terminal, else a line now and then. */
final class CopyDisplay implements Consumer<TensorInfo>, AutoCloseable {

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
    int columns = TerminalBar.columns();
    long total = weights.tensors().values().stream().mapToLong(TensorInfo::bytes).sum();
    if (columns == 0 || total < FEWEST) {
      return new CopyDisplay(err, what, total, null);
    }
    ProgressBar bar =
        TerminalBar.on(err, columns, what, total).setUnit(" MB", MEGABYTE).showSpeed().build();
    return new CopyDisplay(err, what, total, bar);
  }

  @Override
  public void accept(TensorInfo tensor) {
    done += tensor.bytes();
    if (bar != null) {
      bar.stepTo(done);
    } else if (System.nanoTime() - lastLine >= TerminalBar.BETWEEN_LINES.toNanos()) {
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
