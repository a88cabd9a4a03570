package org.attentionzoo.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.attentionzoo.eval.bench.Rounds.Ratio;
import org.attentionzoo.eval.bench.Rounds.Timing;

/** How the figures of benchmarks are written. */
final class BenchFigures {

  private BenchFigures() {}

  static void put(Map<String, Object> figures, String key, OptionalLong value) {
    figures.put(key, value.isPresent() ? value.getAsLong() : null);
  }

  static Map<String, Object> timed(Timing timing) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("median_ms", timing.median());
    figures.put("minimum_ms", timing.minimum());
    figures.put("maximum_ms", timing.maximum());
    figures.put("samples_ms", timing.samples());
    return figures;
  }

  static void row(Table table, String name, Timing timing) {
    table.row(name, number(timing.median()), number(timing.minimum()), number(timing.maximum()));
  }

  static void ratio(Table table, String name, Timing ours, Timing theirs) {
    table.row(name, millis(ours), millis(theirs), ratio(ours.over(theirs)));
  }

  static String millis(Timing timing) {
    return number(timing.median());
  }

  static String ratio(Ratio ratio) {
    return String.format(
        Locale.ROOT, "%.2f (%.2f to %.2f)", ratio.ofMedians(), ratio.smallest(), ratio.largest());
  }

  static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
  }

  static String megabytes(OptionalLong bytes) {
    return bytes.isPresent()
        ? String.format(Locale.ROOT, "%.0f MB", bytes.getAsLong() / 1e6)
        : "unknown";
  }
}
