package org.attentionzoo.training.tasks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.tabular.Moments;

/**
 * How columns of numbers became a model's inputs, as a run remembers it to be asked about new rows.
 *
 * @param features the columns, in the order of the model's inputs
 * @param scales of each feature
 * @param target the column that is told; empty for series, each of which is forecast
 * @param classes the names of its classes; empty if it is a number
 * @param targetScale of a target that is a number
 */
public record TableColumns(
    List<String> features,
    List<Moments> scales,
    String target,
    List<String> classes,
    Moments targetScale) {

  private static final String TARGET = "target";
  private static final String CLASSES = "classes";
  private static final String TARGET_MEAN = "target_mean";
  private static final String TARGET_DEVIATION = "target_deviation";

  /**
   * What a run on a table of numbers says of its data.
   *
   * @param description the description of a task
   * @return the columns; empty if the data was none
   * @throws UserException if the description is damaged
   */
  public static Optional<TableColumns> ofTable(Map<String, Object> description) {
    return scales(description, "feature")
        .map(
            scales ->
                new TableColumns(
                    texts(description.get("features")),
                    scales,
                    String.valueOf(description.get(TARGET)),
                    texts(description.get(CLASSES)),
                    new Moments(
                        number(description.getOrDefault(TARGET_MEAN, 0)),
                        number(description.getOrDefault(TARGET_DEVIATION, 1)))))
        .map(TableColumns::checked);
  }

  /**
   * What a run on series says of its data.
   *
   * @param description the description of a task
   * @return the columns; empty if the data was none
   * @throws UserException if the description is damaged
   */
  public static Optional<TableColumns> ofSeries(Map<String, Object> description) {
    return scales(description, "series")
        .map(
            scales ->
                new TableColumns(
                    texts(description.get("series")), scales, "", List.of(), Moments.NONE))
        .map(TableColumns::checked);
  }

  private static Optional<List<Moments>> scales(Map<String, Object> description, String of) {
    List<Double> means = numbers(description.get(of + "_means"));
    List<Double> deviations = numbers(description.get(of + "_deviations"));
    if (means.isEmpty()) {
      return Optional.empty();
    }
    if (means.size() != deviations.size()) {
      throw damaged(means.size() + " means and " + deviations.size() + " deviations");
    }
    List<Moments> scales = new ArrayList<>();
    for (int i = 0; i < means.size(); i++) {
      scales.add(new Moments(means.get(i), deviations.get(i)));
    }
    return Optional.of(scales);
  }

  private TableColumns checked() {
    if (features.size() != scales.size()) {
      throw damaged(features.size() + " columns and " + scales.size() + " means");
    }
    return this;
  }

  private static UserException damaged(String what) {
    return new UserException(
        "what the run says of its data is damaged: it has " + what + "; restore its config.yaml");
  }

  /** A table's columns as part of the description of a task. */
  Map<String, Object> describe() {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put(TARGET, target);
    description.put("features", features);
    description.put("feature_means", scales.stream().map(Moments::mean).toList());
    description.put("feature_deviations", scales.stream().map(Moments::deviation).toList());
    if (classes.isEmpty()) {
      description.put(TARGET_MEAN, targetScale.mean());
      description.put(TARGET_DEVIATION, targetScale.deviation());
    } else {
      description.put(CLASSES, classes);
    }
    return description;
  }

  /**
   * The inputs of a model.
   *
   * @param row a number for each feature
   * @return as many numbers
   * @throws UserException if there are more or fewer
   */
  public float[] inputs(double[] row) {
    if (row.length != features.size()) {
      throw new UserException(
          row.length
              + " numbers were given; the model takes "
              + features.size()
              + ": "
              + String.join(", ", features));
    }
    float[] inputs = new float[row.length];
    for (int i = 0; i < row.length; i++) {
      inputs[i] = scales.get(i).standardise(row[i]);
    }
    return inputs;
  }

  private static List<String> texts(Object value) {
    List<String> texts = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(entry -> texts.add(String.valueOf(entry)));
    }
    return texts;
  }

  private static List<Double> numbers(Object value) {
    List<Double> numbers = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(entry -> numbers.add(number(entry)));
    }
    return numbers;
  }

  private static double number(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw damaged("'" + value + "' where a number should be");
  }
}
