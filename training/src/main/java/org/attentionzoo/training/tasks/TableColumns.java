package org.attentionzoo.training.tasks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;

/**
 * How a table's columns became a model's numbers, as a run remembers it to be asked about new rows.
 *
 * @param target the column that is told
 * @param features the columns that it is told from, in the order of the model's inputs
 * @param means what is taken off each feature
 * @param deviations what each feature is then divided by
 * @param classes the names of the classes; empty if the target is a number
 * @param targetMean what was taken off a target that is a number
 * @param targetDeviation what it was then divided by
 */
public record TableColumns(
    String target,
    List<String> features,
    List<Double> means,
    List<Double> deviations,
    List<String> classes,
    double targetMean,
    double targetDeviation) {

  private static final String TARGET = "target";
  private static final String FEATURES = "features";
  private static final String MEANS = "feature_means";
  private static final String DEVIATIONS = "feature_deviations";
  private static final String CLASSES = "classes";
  private static final String TARGET_MEAN = "target_mean";
  private static final String TARGET_DEVIATION = "target_deviation";

  /**
   * What a run says of its data.
   *
   * @param description the description of a task
   * @return the columns; empty if the data was no table of numbers
   * @throws UserException if there are not as many means and deviations as features
   */
  public static Optional<TableColumns> of(Map<String, Object> description) {
    if (!description.containsKey(FEATURES) || !description.containsKey(MEANS)) {
      return Optional.empty();
    }
    TableColumns columns =
        new TableColumns(
            String.valueOf(description.get(TARGET)),
            texts(description.get(FEATURES)),
            numbers(description.get(MEANS)),
            numbers(description.get(DEVIATIONS)),
            texts(description.get(CLASSES)),
            number(description.getOrDefault(TARGET_MEAN, 0)),
            number(description.getOrDefault(TARGET_DEVIATION, 1)));
    int width = columns.features().size();
    if (columns.means().size() != width || columns.deviations().size() != width) {
      throw new UserException(
          "the run's provenance is damaged: it has "
              + width
              + " features, "
              + columns.means().size()
              + " means and "
              + columns.deviations().size()
              + " deviations");
    }
    return Optional.of(columns);
  }

  /** The same as part of the description of a task. */
  Map<String, Object> describe() {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put(TARGET, target);
    description.put(FEATURES, features);
    description.put(MEANS, means);
    description.put(DEVIATIONS, deviations);
    if (classes.isEmpty()) {
      description.put(TARGET_MEAN, targetMean);
      description.put(TARGET_DEVIATION, targetDeviation);
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
      inputs[i] = (float) ((row[i] - means.get(i)) / deviations.get(i));
    }
    return inputs;
  }

  /**
   * The target that a model tells.
   *
   * @param output the model's output
   * @return the number in the table's own units
   */
  public double value(float output) {
    return output * targetDeviation + targetMean;
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
    throw new UserException("the run's provenance is damaged: '" + value + "' is no number");
  }
}
