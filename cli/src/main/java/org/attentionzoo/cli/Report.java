package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.eval.CompressionBaselines;
import org.attentionzoo.eval.CompressionBaselines.Baseline;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.run.Evaluation;

/** Prints figures of a model beside those of plain baselines. */
final class Report {

  private static final String BITS_PER_BYTE = "bits_per_byte";

  private Report() {}

  /** Prints the figures of the validation part. */
  static void print(PrintWriter out, Task task, Evaluation.Result result) {
    out.printf(Locale.ROOT, "validation part: %,.0f %s%n", result.items(), task.item());
    Table table = new Table();
    result.metrics().forEach((name, value) -> table.row(name.replace('_', ' '), number(value)));
    table.print(out, "  ");
    List<Baseline> baselines = measure(task);
    if (!baselines.isEmpty()) {
      out.println("bits per byte of plain baselines on the same part");
      Table plain = new Table();
      plain.row("this model", number(result.metrics().get(BITS_PER_BYTE)), "");
      for (Baseline baseline : baselines) {
        plain.row(baseline.name(), number(baseline.bitsPerByte()), baseline.explanation());
      }
      plain.print(out, "  ");
    }
  }

  /** The plain baselines of a text by name; empty for other data. */
  static Map<String, Double> baselines(Task task) {
    Map<String, Double> figures = new LinkedHashMap<>();
    measure(task).forEach(b -> b.bitsPerByte().ifPresent(value -> figures.put(b.name(), value)));
    return figures;
  }

  private static List<Baseline> measure(Task task) {
    return task.source() instanceof ByteWindows windows
        ? CompressionBaselines.of(windows.corpus())
        : List.of();
  }

  private static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : "-";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
