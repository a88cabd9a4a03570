package org.attentionzoo.eval.report;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.attentionzoo.eval.generate.Printable;
import org.attentionzoo.eval.report.RunHistory.Point;
import org.attentionzoo.eval.report.RunHistory.Series;
import org.attentionzoo.models.Configs;

/**
 * One page that shows runs side by side and needs no other file: figures, curves, samples, config
 * and provenance. Thread safety: stateless.
 */
public final class HtmlReport {

  private static final String LOSS = "validation/loss";
  private static final String STYLE =
      """
      body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: #1a1a1a; }
      h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
      table { border-collapse: collapse; display: block; overflow-x: auto; }
      th, td { text-align: left; padding: .25rem .75rem; border-bottom: 1px solid #ddd; vertical-align: top; }
      td.number { text-align: right; font-variant-numeric: tabular-nums; }
      tr.differs td, tr.differs th { background: #fff6df; }
      .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
      .plots img { width: 100%; height: auto; border: 1px solid #eee; }
      pre { background: #f6f6f6; padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
      """;

  private HtmlReport() {}

  /**
   * Writes the page.
   *
   * @param runs at least one
   * @return HTML
   */
  public static String of(List<RunHistory> runs) {
    String title =
        runs.size() == 1 ? "Run " + runs.get(0).name() : runs.size() + " runs side by side";
    return of(title, "", List.of(), runs);
  }

  /**
   * Writes a page that begins with a table.
   *
   * @param title its title
   * @param introduction a paragraph; empty for none
   * @param rows the table, of which the first row is the heading; empty for none
   * @param runs at least one
   * @return HTML
   */
  public static String of(
      String title, String introduction, List<List<String>> rows, List<RunHistory> runs) {
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>")
        .append(escape(title))
        .append("</title>\n")
        .append("<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n")
        .append("<h1>")
        .append(escape(title))
        .append("</h1>\n");
    if (!introduction.isEmpty()) {
      page.append("<p>").append(escape(introduction)).append("</p>\n");
    }
    if (!rows.isEmpty()) {
      page.append("<table>\n");
      for (List<String> row : rows) {
        String cell = row == rows.get(0) ? "th" : "td";
        page.append("<tr>");
        row.forEach(
            text ->
                page.append("<")
                    .append(cell)
                    .append(">")
                    .append(escape(text))
                    .append("</")
                    .append(cell)
                    .append(">"));
        page.append("</tr>\n");
      }
      page.append("</table>\n");
    }
    figures(page, runs);
    page.append("<h2>Curves</h2>\n<div class=\"plots\">\n");
    for (String metric : Plots.metrics(runs)) {
      page.append("<img alt=\"")
          .append(escape(metric))
          .append(" by step\" src=\"data:image/svg+xml;base64,")
          .append(Base64.getEncoder().encodeToString(Plots.svg(metric, runs)))
          .append("\">\n");
    }
    page.append("</div>\n");
    samples(page, runs);
    List<Map<String, Object>> configs = new ArrayList<>();
    runs.forEach(run -> configs.add(flat(Configs.toMap(run.config()))));
    table(page, "Config", runs, configs);
    List<Map<String, Object>> provenances = new ArrayList<>();
    runs.forEach(run -> provenances.add(flat(run.provenance())));
    table(page, "Provenance", runs, provenances);
    return page.append("</body>\n</html>\n").toString();
  }

  private static void figures(StringBuilder page, List<RunHistory> runs) {
    List<Map<String, Object>> columns = new ArrayList<>();
    for (RunHistory run : runs) {
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("folder", run.folder());
      figures.put("model", run.config().model());
      figures.put("data", run.config().data());
      Series train = run.series().get("train/loss");
      if (train != null) {
        figures.put("steps", train.last().step() + " of " + run.config().steps());
        figures.put("last training loss", number(train.last().value()));
      }
      Series loss = run.series().get(LOSS);
      if (loss != null) {
        Point best = loss.smallest();
        figures.put("best validation loss", number(best.value()) + " after step " + best.step());
        run.series()
            .forEach(
                (name, series) -> {
                  if (name.startsWith("validation/") && !name.equals(LOSS)) {
                    at(series, best.step())
                        .ifPresent(
                            value ->
                                figures.put(
                                    "its " + name.substring(11).replace('_', ' '), number(value)));
                  }
                });
      }
      Series pace = run.series().get("train/items_per_second");
      if (pace != null) {
        figures.put("items a second", String.format(Locale.ROOT, "%,.0f", pace.last().value()));
      }
      Series seconds = run.series().get("train/seconds");
      if (seconds != null) {
        figures.put("seconds", String.format(Locale.ROOT, "%,.0f", seconds.last().value()));
      }
      columns.add(figures);
    }
    table(page, "Figures", runs, columns);
  }

  private static java.util.OptionalDouble at(Series series, long step) {
    return series.points().stream()
        .filter(point -> point.step() == step)
        .mapToDouble(Point::value)
        .findFirst();
  }

  private static void samples(StringBuilder page, List<RunHistory> runs) {
    if (runs.stream().allMatch(run -> run.sample().isEmpty())) {
      return;
    }
    page.append("<h2>Samples</h2>\n");
    for (RunHistory run : runs) {
      run.sample()
          .ifPresent(
              text ->
                  page.append("<h3>")
                      .append(escape(run.name()))
                      .append("</h3>\n<pre>")
                      .append(escape(text))
                      .append("</pre>\n"));
    }
  }

  /** A row for each key, a column for each run; rows in which runs differ are marked. */
  private static void table(
      StringBuilder page, String title, List<RunHistory> runs, List<Map<String, Object>> columns) {
    Set<String> keys = new LinkedHashSet<>();
    columns.forEach(column -> keys.addAll(column.keySet()));
    page.append("<h2>").append(title).append("</h2>\n<table>\n");
    if (runs.size() > 1) {
      page.append("<tr><th></th>");
      runs.forEach(run -> page.append("<th>").append(escape(run.name())).append("</th>"));
      page.append("</tr>\n");
    }
    for (String key : keys) {
      boolean same =
          columns.stream().map(c -> Objects.toString(c.get(key))).distinct().count() == 1;
      page.append(same ? "<tr>" : "<tr class=\"differs\">")
          .append("<th>")
          .append(escape(key))
          .append("</th>");
      for (Map<String, Object> column : columns) {
        page.append("<td>").append(escape(Objects.toString(column.get(key), ""))).append("</td>");
      }
      page.append("</tr>\n");
    }
    page.append("</table>\n");
  }

  private static Map<String, Object> flat(Map<String, Object> tree) {
    Map<String, Object> flat = new LinkedHashMap<>();
    flatten("", tree, flat);
    return flat;
  }

  private static void flatten(String prefix, Map<?, ?> tree, Map<String, Object> flat) {
    tree.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
            flatten(prefix + key + ".", inner, flat);
          } else {
            flat.put(prefix + key, value);
          }
        });
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private static String escape(String text) {
    return Printable.of(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
