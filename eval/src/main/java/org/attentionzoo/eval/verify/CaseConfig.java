package org.attentionzoo.eval.verify;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;

/**
 * A case's {@code config.json}.
 *
 * @param target which component
 * @param train whether the pass is a training pass
 * @param tolerance the largest ratio allowed
 * @param config the official constructor's arguments
 * @param inputs names in call order
 * @param outputs names
 */
record CaseConfig(
    String target,
    boolean train,
    double tolerance,
    Map<String, Object> config,
    List<String> inputs,
    List<String> outputs) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final Set<String> DESCRIPTION = Set.of("paper", "case", "reference", "note");

  static CaseConfig read(Path file) throws IOException {
    Map<?, ?> values;
    try {
      values = JSON.readValue(Files.readAllBytes(file), Map.class);
    } catch (NoSuchFileException e) {
      throw new UserException(file + " is not there; a golden case is a folder that has one", e);
    } catch (JsonProcessingException e) {
      throw new UserException(file + " is no valid JSON: " + e.getOriginalMessage(), e);
    }
    if (values == null) {
      throw new UserException(file + " is null");
    }
    Map<String, Object> left = new LinkedHashMap<>();
    values.forEach((k, v) -> left.put(k.toString(), v));
    left.keySet().removeAll(DESCRIPTION);
    CaseConfig result =
        new CaseConfig(
            take(left, "target", String.class),
            take(left, "train", Boolean.class),
            tolerance(take(left, "tolerance", Number.class).doubleValue()),
            arguments(take(left, "config", Map.class)),
            names(left, "inputs"),
            names(left, "outputs"));
    if (!left.isEmpty()) {
      throw new UserException(
          file.getFileName()
              + " has unknown keys "
              + String.join(", ", new TreeSet<>(left.keySet())));
    }
    return result;
  }

  /** Builds the target with these arguments and loads the official weights into it, all of them. */
  GoldenTarget.Case build(GoldenTarget component, SafetensorsFile weights, NDManager manager) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    weights.tensors().forEach((name, info) -> shapes.put(name, info.shape()));
    GoldenConfig arguments = new GoldenConfig(config, shapes);
    GoldenTarget.Case built = component.build().apply(arguments);
    arguments.finish();
    StateDictLoader.strict().renaming(built.rename()).load(built.block(), manager, weights);
    return built;
  }

  private static double tolerance(double value) {
    if (!(value >= 0 && value < 1)) {
      throw new UserException("config.json: tolerance is " + value + "; expected 0 to 1");
    }
    return value;
  }

  private static Map<String, Object> arguments(Map<?, ?> map) {
    Map<String, Object> arguments = new LinkedHashMap<>();
    map.forEach((k, v) -> arguments.put(k.toString(), v));
    return arguments;
  }

  private static List<String> names(Map<String, Object> left, String key) {
    List<?> list = take(left, key, List.class);
    return list.stream().map(Object::toString).toList();
  }

  private static <T> T take(Map<String, Object> left, String key, Class<T> type) {
    Object value = left.remove(key);
    if (!type.isInstance(value)) {
      throw new UserException(
          "config.json: key '"
              + key
              + "' is "
              + value
              + "; expected a "
              + type.getSimpleName().toLowerCase(java.util.Locale.ROOT));
    }
    return type.cast(value);
  }
}
