package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.TrainingListener;

/** Shows where a run is: a bar on a terminal, else a line now and then. */
final class ProgressDisplay implements TrainingListener, AutoCloseable {

  private final PrintWriter err;
  private final String item;
  private final int columns;
  private ProgressBar bar;
  private long lastLine;

  private ProgressDisplay(PrintWriter err, String item, int columns) {
    this.err = err;
    this.item = item;
    this.columns = columns;
  }

  static ProgressDisplay on(PrintWriter err, String item) {
    return new ProgressDisplay(err, item, TerminalBar.columns());
  }

  @Override
  public void passedOver(Path checkpoint) {
    err.println(checkpoint + " is damaged: its files are not the ones that were saved");
    err.flush();
  }

  @Override
  public void metricsChanged(Path metrics, long step) {
    err.println(
        metrics
            + " is not what the run had written up to step "
            + step
            + "; the run goes on, but curves and reports lack what is missing there");
    err.flush();
  }

  @Override
  public void started(long step, long steps) {
    lastLine = System.nanoTime();
    if (step > 0) {
      err.println("going on after step " + step);
      err.flush();
    }
    if (columns > 0) {
      bar =
          TerminalBar.on(err, columns, "train", steps)
              .startsFrom(step, Duration.ZERO)
              .hideEta()
              .build();
    }
  }

  @Override
  public void stepped(Progress progress) {
    String state =
        String.format(
            Locale.ROOT,
            "loss %.3f, %s %s/s, %s left",
            progress.loss(),
            rate(progress.itemsPerSecond()),
            item,
            format(progress.left()));
    if (bar != null) {
      bar.setExtraMessage(" " + state);
      bar.stepTo(progress.step());
    } else if (System.nanoTime() - lastLine >= TerminalBar.BETWEEN_LINES.toNanos()) {
      lastLine = System.nanoTime();
      err.println("step " + progress.step() + "/" + progress.steps() + ": " + state);
      err.flush();
    }
  }

  @Override
  public void evaluated(long step, Evaluation.Result result, boolean best) {
    line(
        "validation after step "
            + step
            + ": "
            + describe(ofTheWhole(result.metrics()))
            + (best ? " (best so far)" : ""));
  }

  @Override
  public void saved(long step, Path folder) {
    if (bar == null) {
      line("saved " + folder);
    }
  }

  /** A line above the bar, which is drawn again at its next refresh. */
  private void line(String text) {
    err.println((bar == null ? "" : "\r\u001B[K") + text);
    err.flush();
  }

  /** Without what single blocks tell, whose names have dots: a line has no room for it. */
  private static Map<String, Double> ofTheWhole(Map<String, Double> metrics) {
    Map<String, Double> kept = new LinkedHashMap<>(metrics);
    kept.keySet().removeIf(name -> name.indexOf('.') >= 0);
    return kept;
  }

  static String describe(Map<String, Double> metrics) {
    return metrics.entrySet().stream()
        .map(m -> String.format(Locale.ROOT, "%s %.4f", m.getKey().replace('_', ' '), m.getValue()))
        .collect(Collectors.joining(", "));
  }

  /** For example {@code 12:03} or {@code 1:02:03}. */
  static String format(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  private static String rate(double perSecond) {
    return perSecond < 1000
        ? String.format(Locale.ROOT, "%.0f", perSecond)
        : String.format(Locale.ROOT, "%.1fk", perSecond / 1000);
  }

  /** Takes the bar away; may be called twice. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
      err.println();
      err.flush();
    }
  }
}
