package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.attentionzoo.datasets.recommendation.RankingSource;
import org.attentionzoo.datasets.series.ForecastWindows;
import org.attentionzoo.eval.CompressionBaselines;
import org.attentionzoo.eval.CompressionBaselines.Baseline;
import org.attentionzoo.eval.ForecastBaselines;
import org.attentionzoo.eval.RankingBaselines;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.run.Evaluation;

/** Prints figures of a model beside those of plain baselines. */
final class Report {

  private static final String BITS_PER_BYTE = "bits_per_byte";

  private Report() {}

  /** Prints the figures of the part of the data that the task evaluates on. */
  static void print(PrintWriter out, Task task, Evaluation.Result result) {
    Object part = task.description().getOrDefault("evaluated_on", "validation");
    out.printf(Locale.ROOT, "%s part: %,.0f %s%n", part, result.items(), task.item());
    Table table = new Table();
    result.metrics().forEach((name, value) -> table.row(name.replace('_', ' '), number(value)));
    table.print(out, "  ");
    List<Baseline> baselines = CompressionBaselines.of(task.source());
    if (!baselines.isEmpty()) {
      out.println("bits per byte of plain baselines on the same part");
      Table plain = new Table();
      plain.row("this model", number(result.metrics().get(BITS_PER_BYTE)), "");
      for (Baseline baseline : baselines) {
        plain.row(baseline.name(), number(baseline.bitsPerByte()), baseline.explanation());
      }
      plain.print(out, "  ");
    }
    printRanking(out, task, result);
    printForecasts(out, task, result);
  }

  private static void printForecasts(PrintWriter out, Task task, Evaluation.Result result) {
    if (!(task.source() instanceof ForecastWindows windows)) {
      return;
    }
    out.println("plain forecasts of the same windows");
    Table table = new Table();
    table.row("", "mse", "mae", "");
    table.row(
        "this model",
        number(result.metrics().get("loss")),
        number(result.metrics().get("mean_absolute_error")),
        "");
    for (ForecastBaselines.Baseline baseline : ForecastBaselines.of(windows)) {
      table.row(
          baseline.name(),
          number(baseline.meanSquaredError()),
          number(baseline.meanAbsoluteError()),
          baseline.explanation());
    }
    table.print(out, "  ");
  }

  private static void printRanking(PrintWriter out, Task task, Evaluation.Result result) {
    if (!(task.source() instanceof RankingSource source)) {
      return;
    }
    out.println("plain counting on the same questions");
    Table table = new Table();
    table.row("", "hr@1", "hr@10", "ndcg@10", "mrr", "");
    table.row(rankingRow("this model", result.metrics(), ""));
    for (RankingBaselines.Baseline baseline : RankingBaselines.of(source)) {
      table.row(rankingRow(baseline.name(), baseline.metrics(), baseline.explanation()));
    }
    table.print(out, "  ");
  }

  private static String[] rankingRow(String name, Map<String, Double> metrics, String explanation) {
    return Stream.of(
            Stream.of(name),
            Stream.of("hr@1", "hr@10", "ndcg@10", "mrr").map(key -> number(metrics.get(key))),
            Stream.of(explanation))
        .flatMap(cells -> cells)
        .toArray(String[]::new);
  }

  /** The plain baselines by name; empty for data that has none. */
  static Map<String, Double> baselines(Task task) {
    Map<String, Double> figures = new LinkedHashMap<>();
    CompressionBaselines.of(task.source())
        .forEach(b -> b.bitsPerByte().ifPresent(value -> figures.put(b.name(), value)));
    if (task.source() instanceof RankingSource source) {
      RankingBaselines.of(source)
          .forEach(
              b -> b.metrics().forEach((name, value) -> figures.put(b.name() + " " + name, value)));
    }
    if (task.source() instanceof ForecastWindows windows) {
      for (ForecastBaselines.Baseline baseline : ForecastBaselines.of(windows)) {
        figures.put(baseline.name() + " mse", baseline.meanSquaredError());
        figures.put(baseline.name() + " mae", baseline.meanAbsoluteError());
      }
    }
    return figures;
  }

  private static String number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : "-";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
