package org.attentionzoo.training.tasks;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.ArrayBatches;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.tabular.Moments;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.datasets.text.LabelledText;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;

/** What {@code csv:} and {@code jsonl:} have in common. */
final class TableTask {

  private static final int MOST_CLASSES = 100_000;

  private TableTask() {}

  static Task task(String scheme, String location, TextTable table, TableOptions chosen) {
    if (chosen.target().isBlank()) {
      throw new UserException(
          "which column is to be told? write task.target=<column>, one of "
              + String.join(", ", table.columns()));
    }
    if (!(chosen.heldOut() > 0 && chosen.heldOut() < 1)) {
      throw new UserException(
          "task.heldOut=" + chosen.heldOut() + " was given; expected a share between 0 and 1");
    }
    table.column(chosen.target()); // says which columns there are
    Rows rows = split(table, chosen);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", table.sha256());
    if (!chosen.text().isBlank()) {
      LabelledText texts =
          LabelledText.of(
              location,
              lines(table, chosen, rows.training()),
              lines(table, chosen, rows.evaluated()),
              table.sha256());
      description.put("target", chosen.target());
      description.put("text", chosen.text());
      return TextClasses.task(
          scheme,
          texts,
          chosen.tokenizer(),
          chosen.words(),
          chosen.length(),
          chosen.batch(),
          1,
          description);
    }
    return numbers(scheme, table, chosen, rows, description);
  }

  /** Places of rows. */
  private record Rows(int[] training, int[] evaluated) {}

  private static Rows split(TextTable table, TableOptions chosen) {
    List<Integer> training = new ArrayList<>();
    List<Integer> evaluated = new ArrayList<>();
    if (chosen.split().isBlank()) {
      SplittableRandom random = SeededStream.of(chosen.splitSeed(), 0);
      for (int i = 0; i < table.rows().size(); i++) {
        (random.nextDouble() < chosen.heldOut() ? evaluated : training).add(i);
      }
    } else {
      int column = table.column(chosen.split());
      List<String> parts = List.of("train", "val", "test");
      String wanted = chosen.part() == Part.TEST ? "test" : "val";
      for (int i = 0; i < table.rows().size(); i++) {
        String name = table.rows().get(i)[column].strip();
        if (parts.stream().noneMatch(name::startsWith)) {
          throw new UserException(
              table.source()
                  + ", row "
                  + (i + 1)
                  + ", column '"
                  + chosen.split()
                  + "' is '"
                  + name
                  + "'; expected train, val or test");
        }
        if (name.startsWith("train")) {
          training.add(i);
        } else if (name.startsWith(wanted)) {
          evaluated.add(i);
        }
      }
    }
    if (chosen.split().isBlank() && chosen.part() == Part.TEST) {
      throw new UserException("task.part=test needs task.split=<column> with train, val and test");
    }
    if (training.isEmpty() || evaluated.isEmpty()) {
      throw new UserException(
          table.source()
              + " gives "
              + training.size()
              + " rows to train on and "
              + evaluated.size()
              + " to evaluate; give more rows, task.heldOut or task.split=<column>");
    }
    return new Rows(places(training), places(evaluated));
  }

  private static int[] places(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private static List<LabelledText.Line> lines(TextTable table, TableOptions chosen, int[] places) {
    int text = table.column(chosen.text());
    int target = table.column(chosen.target());
    List<LabelledText.Line> lines = new ArrayList<>();
    for (int place : places) {
      String[] row = table.rows().get(place);
      if (row[target].isBlank()) {
        throw new UserException(
            table.source() + ", row " + (place + 1) + " has no '" + chosen.target() + "'");
      }
      lines.add(new LabelledText.Line(row[text], row[target].strip()));
    }
    return lines;
  }

  private static Task numbers(
      String scheme,
      TextTable table,
      TableOptions chosen,
      Rows rows,
      Map<String, Object> description) {
    int target = table.column(chosen.target());
    int split = chosen.split().isBlank() ? -1 : table.column(chosen.split());
    int[] features = features(table, chosen, target, split);
    boolean classes = chosen.kind() == TableOptions.Kind.CLASSES;
    TableColumns columns = columns(table, chosen, features, target, rows.training());
    if (classes && (columns.classes().size() < 2 || columns.classes().size() > MOST_CLASSES)) {
      throw new UserException(
          "the column '"
              + chosen.target()
              + "' has "
              + columns.classes().size()
              + " classes; expected at least two, or task.kind=values for numbers");
    }
    ArrayBatches source =
        new ArrayBatches(
            part(table, columns, features, target, rows.training()),
            part(table, columns, features, target, rows.evaluated()),
            new Shape(features.length),
            chosen.batch());
    description.put("training_rows", rows.training().length);
    description.put("evaluated_rows", rows.evaluated().length);
    description.putAll(columns.describe());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("features", features.length);
    settings.put("outputs", classes ? columns.classes().size() : 1);
    Objective objective =
        classes
            ? new ClassificationObjective(0)
            : new RegressionObjective(columns.targetScale().deviation());
    return new Task(
        scheme,
        ModelKind.REGRESSOR,
        source,
        objective,
        settings,
        chosen.batch(),
        "rows",
        description);
  }

  /** All that is learned from the table itself, from training rows alone. */
  private static TableColumns columns(
      TextTable table, TableOptions chosen, int[] features, int target, int[] training) {
    List<String> names = new ArrayList<>();
    List<Moments> scales = new ArrayList<>();
    for (int column : features) {
      names.add(table.columns().get(column));
      scales.add(chosen.standardise() ? Moments.of(table.numbers(column, training)) : Moments.NONE);
    }
    TreeSet<String> classes = new TreeSet<>();
    Moments targetScale = Moments.NONE;
    if (chosen.kind() == TableOptions.Kind.CLASSES) {
      for (int place : training) {
        classes.add(table.rows().get(place)[target].strip());
      }
    } else if (chosen.standardise()) {
      targetScale = Moments.of(table.numbers(target, training));
    }
    return new TableColumns(names, scales, chosen.target(), List.copyOf(classes), targetScale);
  }

  private static int[] features(TextTable table, TableOptions chosen, int target, int split) {
    List<Integer> found = new ArrayList<>();
    if (chosen.features().isBlank()) {
      for (int c = 0; c < table.columns().size(); c++) {
        if (c != target && c != split) {
          found.add(c);
        }
      }
    } else {
      for (String name : chosen.features().split(",")) {
        int column = table.column(name.strip());
        if (column == target || found.contains(column)) {
          throw new UserException(
              "task.features names '"
                  + name.strip()
                  + (column == target ? "', which is to be told; leave it out" : "' twice"));
        }
        found.add(column);
      }
    }
    if (found.isEmpty()) {
      throw new UserException(table.source() + " has no column beside the target");
    }
    return places(found);
  }

  private static ArrayBatches.Part part(
      TextTable table, TableColumns columns, int[] features, int target, int[] places) {
    List<float[]> values = new ArrayList<>();
    for (int place : places) {
      double[] row = new double[features.length];
      for (int i = 0; i < row.length; i++) {
        row[i] = table.number(place, features[i]);
      }
      values.add(columns.inputs(row));
    }
    if (columns.classes().isEmpty()) {
      List<float[]> targets = new ArrayList<>();
      for (int place : places) {
        targets.add(new float[] {columns.targetScale().standardise(table.number(place, target))});
      }
      return new ArrayBatches.Part(values, null, null, targets);
    }
    long[] labels = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      String name = table.rows().get(places[i])[target].strip();
      labels[i] = columns.classes().indexOf(name);
      if (labels[i] < 0) {
        throw new UserException(
            table.source()
                + ", row "
                + (places[i] + 1)
                + " has the class '"
                + name
                + "', which no training row has");
      }
    }
    return new ArrayBatches.Part(values, null, labels, null);
  }
}
