package org.attentionzoo.eval.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.RunFolder;

/**
 * What a run folder tells of a run. Immutable.
 *
 * @param name the folder's name
 * @param folder where it was read
 * @param config what was run
 * @param provenance what else is needed to tell what was run
 * @param series values by step, by {@code <split>/<metric>}
 * @param sample text that the trained model wrote, if it writes
 */
public record RunHistory(
    String name,
    Path folder,
    RunConfig config,
    Map<String, Object> provenance,
    Map<String, Series> series,
    Optional<String> sample) {

  /** The file in a run folder that holds what the model wrote at the end. */
  public static final String SAMPLE = "sample.txt";

  private static final String TRAIN = "train";

  /**
   * A metric over a run.
   *
   * @param points in the order of the steps
   */
  public record Series(List<Point> points) {

    /**
     * The last value.
     *
     * @return the point of the highest step
     */
    public Point last() {
      return points.get(points.size() - 1);
    }

    /**
     * The smallest value.
     *
     * @return the first point that has it
     */
    public Point smallest() {
      Point smallest = points.get(0);
      for (Point point : points) {
        smallest = point.value() < smallest.value() ? point : smallest;
      }
      return smallest;
    }
  }

  /**
   * A value at a step.
   *
   * @param step how many steps were done
   * @param value the metric
   */
  public record Point(long step, double value) {}

  /**
   * Reads a run folder; the run may still be going on.
   *
   * @param path the folder
   * @return the history
   * @throws UserException if it is no run folder or a line of its metrics is damaged
   */
  public static RunHistory read(Path path) {
    RunFolder folder = RunFolder.open(path);
    Map<String, List<Point>> points = new LinkedHashMap<>();
    read(folder.metricsFile(), points);
    read(folder.timingFile(), points);
    Map<String, Series> series = new LinkedHashMap<>();
    points.forEach((name, values) -> series.put(name, new Series(List.copyOf(values))));
    Path absolute = path.toAbsolutePath().normalize();
    return new RunHistory(
        absolute.getFileName() == null ? absolute.toString() : absolute.getFileName().toString(),
        path,
        folder.config(),
        folder.provenance(),
        series,
        sample(path));
  }

  private static Optional<String> sample(Path path) {
    Path file = path.resolve(SAMPLE);
    try {
      // Not readString: a model of bytes may print what is no UTF-8.
      return Files.exists(file)
          ? Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8))
          : Optional.empty();
    } catch (IOException e) {
      throw new UserException("cannot read " + file + ": " + e, e);
    }
  }

  private static void read(Path file, Map<String, List<Point>> points) {
    if (!Files.exists(file)) {
      return;
    }
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines;
    try {
      // Not readAllLines: what is damaged need not be UTF-8, and its line is named below.
      lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UserException("cannot read " + file + ": " + e, e);
    }
    for (int i = 0; i < lines.size(); i++) {
      try {
        JsonNode line = mapper.readTree(lines.get(i));
        if (!line.isObject()) {
          throw noObject(file, i, null);
        }
        long step = line.path("step").asLong();
        String split = line.path("split").asText(TRAIN);
        line.properties()
            .forEach(
                entry -> {
                  if (entry.getValue().isNumber() && !entry.getKey().equals("step")) {
                    points
                        .computeIfAbsent(split + "/" + entry.getKey(), k -> new ArrayList<>())
                        .add(new Point(step, entry.getValue().asDouble()));
                  }
                });
      } catch (JsonProcessingException e) {
        if (i == lines.size() - 1) {
          // A run that goes on may be in the middle of its last line.
          return;
        }
        throw noObject(file, i, e);
      }
    }
  }

  private static UserException noObject(Path file, int line, JsonProcessingException cause) {
    return new UserException(
        file + " line " + (line + 1) + " is no JSON object; mend or remove that line", cause);
  }
}
