package org.attentionzoo.eval.sweep;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.models.Specimen.Property;

/**
 * What does not hold of a paper's models, in {@code sweep-exceptions/models/<paper>.txt}: lines of
 * a preset's name and a property, or of its name, {@code without gradient} and a pattern of the
 * parameters that receive none; then {@code " | "} and the reason.
 */
final class ModelExceptions {

  private static final String WITHOUT_GRADIENT = " without gradient ";

  private ModelExceptions() {}

  /** The properties that a preset does not have, with the reasons. */
  static Map<Property, String> properties(String paper, String preset) {
    Map<Property, String> found = new EnumMap<>(Property.class);
    for (String line : lines(paper)) {
      String[] parts = line.split(" \\| ", 2);
      for (Property property : Property.values()) {
        if (parts[0].equals(preset + " " + property)) {
          found.put(property, parts[1]);
        }
      }
    }
    return found;
  }

  /** The pattern of the parameters of a preset that receive no gradient. */
  static Optional<String> withoutGradient(String paper, String preset) {
    return lines(paper).stream()
        .filter(l -> l.startsWith(preset + WITHOUT_GRADIENT))
        .map(l -> l.split(" \\| ", 2)[0].substring((preset + WITHOUT_GRADIENT).length()))
        .findFirst();
  }

  /** Every line, none of which may be without a reason. */
  static List<String> lines(String paper) {
    String resource = "/sweep-exceptions/models/" + paper + ".txt";
    try (var in = ModelExceptions.class.getResourceAsStream(resource)) {
      if (in == null) {
        return List.of();
      }
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      for (String line : lines) {
        String[] parts = line.split(" \\| ", 2);
        if (parts.length < 2 || parts[1].isBlank()) {
          throw new IllegalStateException(resource + ": no reason in '" + line + "'");
        }
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
