package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.eval.generate.Printable;

/** The answers of a model for people to read. */
final class AnswerPrinter {

  private AnswerPrinter() {}

  /**
   * Prints one.
   *
   * @param out where to
   * @param answer as it stands in JSON
   */
  static void print(PrintWriter out, Map<String, Object> answer) {
    out.println(answer.get("input"));
    if (answer.containsKey("continuation")) {
      out.println("  goes on: " + Printable.of(answer.get("continuation").toString()));
    }
    if (answer.containsKey("filled")) {
      out.println("  filled: " + Printable.of(answer.get("filled").toString()));
    }
    if (answer.get("value") instanceof Double value) {
      out.printf(Locale.ROOT, "  %s %.6g%n", answer.get("target"), value);
    }
    if (answer.get("forecast") instanceof List<?> forecast) {
      printForecast(out, (List<?>) answer.get("series"), forecast);
    }
    List<Object> tables = new ArrayList<>();
    tables.addAll((List<?>) answer.getOrDefault("masks", List.of()));
    if (answer.containsKey("choices")) {
      tables.add(answer.get("choices"));
    }
    for (Object choices : tables) {
      Table table = new Table();
      for (Object row : (List<?>) choices) {
        table.row(
            ((Map<?, ?>) row).entrySet().stream().map(AnswerPrinter::cell).toArray(String[]::new));
      }
      table.print(out, "  ");
    }
  }

  private static void printForecast(PrintWriter out, List<?> series, List<?> forecast) {
    Table table = new Table();
    List<String> head = new ArrayList<>(List.of("step"));
    series.forEach(name -> head.add(String.valueOf(name)));
    table.row(head.toArray(String[]::new));
    for (int i = 0; i < forecast.size(); i++) {
      List<String> row = new ArrayList<>(List.of(Integer.toString(i + 1)));
      for (Object value : (List<?>) forecast.get(i)) {
        row.add(String.format(Locale.ROOT, "%.6g", (Double) value));
      }
      table.row(row.toArray(String[]::new));
    }
    table.print(out, "  ");
  }

  private static String cell(Map.Entry<?, ?> entry) {
    Object value = entry.getValue();
    if (value instanceof Double number) {
      return String.format(Locale.ROOT, "%.4f", number);
    }
    return entry.getKey().equals("text")
        ? "'" + Printable.of(value.toString()).replace("\n", "\\n") + "'"
        : entry.getKey().equals("label") ? value.toString() : entry.getKey() + " " + value;
  }
}
