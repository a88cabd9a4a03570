package org.attentionzoo.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.eval.predict.Predictions;
import org.attentionzoo.training.tasks.TableColumns;

/** What a model that was trained on a table says of other rows. */
final class TableAnswers {

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
   * @param file CSV with a header, or JSON lines if its name ends with .jsonl; other columns than
   *     the features are passed over
   * @throws UserException if it is none, or lacks a feature
   */
  List<Map<String, Object>> ofFile(Path file) throws IOException {
    boolean lines = file.toString().toLowerCase(Locale.ROOT).endsWith(".jsonl");
    TextTable table = lines ? TextTable.jsonLines(file) : TextTable.csv(file);
    int[] places = columns.features().stream().mapToInt(table::column).toArray();
    List<Map<String, Object>> answers = new ArrayList<>();
    for (int i = 0; i < table.rows().size(); i++) {
      int row = i;
      double[] values = Arrays.stream(places).mapToDouble(c -> table.number(row, c)).toArray();
      answers.add(answer(file + ", row " + (i + 1), values));
    }
    return answers;
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
      try {
        values[i] = Double.parseDouble(cells[i]);
      } catch (NumberFormatException e) {
        throw new UserException(
            "'"
                + cells[i]
                + "' is no number; give one for each of "
                + String.join(", ", columns.features())
                + ", or a table with these columns",
            e);
      }
    }
    return answer(text, values);
  }

  private Map<String, Object> answer(String input, double[] row) {
    float[] inputs = columns.inputs(row);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("input", input);
    answer.put("target", columns.target());
    if (columns.classes().isEmpty()) {
      answer.put("value", columns.value(predictions.values(inputs)[0]));
    } else {
      answer.put(
          "choices", PredictCommand.classes(predictions.classify(inputs, most), columns.classes()));
    }
    return answer;
  }
}
