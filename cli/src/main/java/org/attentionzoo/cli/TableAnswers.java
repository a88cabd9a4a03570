package org.attentionzoo.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.eval.predict.Predictions;
import org.attentionzoo.training.tasks.TableColumns;

/** What a model that was trained on a table says of other rows. */
final class TableAnswers {

  private static final String JSON_LINES = ".jsonl";

  private final Predictions predictions;
  private final TableColumns columns;
  private final int most;

  TableAnswers(Predictions predictions, TableColumns columns, int most) {
    this.predictions = predictions;
    this.columns = columns;
    this.most = most;
  }

  /**
   * Answers about all rows of a file.
   *
   * @param file as of {@link #table}; other columns than the features are passed over
   * @throws UserException if it is none, or lacks a feature
   */
  List<Map<String, Object>> ofFile(Path file) {
    TextTable table = table(file);
    List<Map<String, Object>> answers = new ArrayList<>();
    for (int i = 0; i < table.rows().size(); i++) {
      answers.add(answer(file + ", row " + (i + 1), row(table, i)));
    }
    return answers;
  }

  /** Whether a file's name is that of a table. */
  static boolean isTable(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return Stream.of(".csv", ".tsv", JSON_LINES).anyMatch(name::endsWith);
  }

  /**
   * Reads a table.
   *
   * @param file CSV with a header, or JSON lines if its name says so
   * @throws UserException if it is none
   */
  static TextTable table(Path file) {
    boolean lines = file.toString().toLowerCase(Locale.ROOT).endsWith(JSON_LINES);
    return lines ? TextTable.jsonLines(file) : TextTable.csv(file);
  }

  private double[] row(TextTable table, int row) {
    return columns.features().stream()
        .mapToDouble(name -> table.number(row, table.column(name)))
        .toArray();
  }

  /**
   * What comes after the last row of a file, each series in its own units.
   *
   * @param file as of {@link #table}, in order of time
   * @param window how many rows the model sees
   * @throws UserException if it has fewer
   */
  Map<String, Object> forecast(Path file, int window) {
    TextTable table = table(file);
    int rows = table.rows().size();
    if (rows < window) {
      throw new UserException(
          file + " has " + rows + " rows; the model sees " + window + " before it forecasts");
    }
    int width = columns.features().size();
    float[] seen = new float[window * width];
    for (int i = 0; i < window; i++) {
      System.arraycopy(columns.inputs(row(table, rows - window + i)), 0, seen, i * width, width);
    }
    float[] told = predictions.forecast(seen, width);
    List<List<Double>> forecast = new ArrayList<>();
    for (int i = 0; i < told.length / width; i++) {
      List<Double> step = new ArrayList<>();
      for (int c = 0; c < width; c++) {
        step.add(columns.scales().get(c).restore(told[i * width + c]));
      }
      forecast.add(step);
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("input", file.toString());
    answer.put("series", columns.features());
    answer.put("forecast", forecast);
    return answer;
  }

  /**
   * Answers about one row.
   *
   * @param text a number for each feature in their order, with commas or blanks between
   * @throws UserException if it is not that
   */
  Map<String, Object> ofText(String text) {
    String[] cells = text.strip().split("\\s*,\\s*|\\s+");
    double[] values = new double[cells.length];
    for (int i = 0; i < cells.length; i++) {
      values[i] = number(cells[i]);
    }
    return answer(text, values);
  }

  private double number(String cell) {
    try {
      double value = Double.parseDouble(cell);
      if (Double.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below, with what was expected.
    }
    throw new UserException(
        "'"
            + cell
            + "' is no finite number; give one for each of "
            + String.join(", ", columns.features())
            + ", or a table with these columns");
  }

  private Map<String, Object> answer(String input, double[] row) {
    float[] inputs = columns.inputs(row);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("input", input);
    answer.put("target", columns.target());
    if (columns.classes().isEmpty()) {
      answer.put("value", columns.targetScale().restore(predictions.values(inputs)[0]));
    } else {
      answer.put(
          "choices", PredictCommand.classes(predictions.classify(inputs, most), columns.classes()));
    }
    return answer;
  }
}
