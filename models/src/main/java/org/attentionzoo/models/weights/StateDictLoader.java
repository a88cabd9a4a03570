package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.StateDict;

/**
 * Loads named tensors into a block tree by the names of its state dict. Everything that does not
 * fit is found and listed before the first value is changed.
 *
 * <p>Floating-point tensors are rounded to the parameter's floating-point type; any other
 * difference of types is refused. Values are copied into the arrays that the parameters hold, so
 * that gradients and existing parameter stores stay as they are.
 *
 * @param rename the source's key to ours; null for a key to pass over
 * @param mayMiss our keys that the source need not have; they keep their initial values
 * @param mayBeExtra the source's keys (renamed) that the model need not have
 */
public record StateDictLoader(
    UnaryOperator<String> rename, Predicate<String> mayMiss, Predicate<String> mayBeExtra) {

  private static final int MOST_LISTED = 20;

  /**
   * Every key must be there, and no other.
   *
   * @return the loader
   */
  public static StateDictLoader strict() {
    return new StateDictLoader(UnaryOperator.identity(), key -> false, key -> false);
  }

  /**
   * The same, with keys renamed.
   *
   * @param renaming the source's key to ours; null for a key to pass over
   * @return a new loader
   */
  public StateDictLoader renaming(UnaryOperator<String> renaming) {
    return new StateDictLoader(renaming, mayMiss, mayBeExtra);
  }

  /**
   * The same, with keys that need not be there.
   *
   * @param keys our keys
   * @return a new loader
   */
  public StateDictLoader allowingMissing(Predicate<String> keys) {
    return new StateDictLoader(rename, keys, mayBeExtra);
  }

  /**
   * The same, with keys that are passed over.
   *
   * @param keys the source's keys, renamed
   * @return a new loader
   */
  public StateDictLoader allowingExtra(Predicate<String> keys) {
    return new StateDictLoader(rename, mayMiss, keys);
  }

  /**
   * Loads a model.
   *
   * @param root the model; initialised in float32 first if it is not yet
   * @param manager owns the parameters of a model that is not yet initialised
   * @param source the tensors
   * @throws WeightsException if keys are missing or unexpected, or shapes or types differ; lists
   *     all of them. The model is then initialised, but no value was loaded
   */
  public void load(Block root, NDManager manager, WeightSource source) {
    if (!root.isInitialized()) {
      root.initialize(manager, DataType.FLOAT32);
    }
    Map<String, Parameter> ours = StateDict.of(root);
    List<String> problems = new ArrayList<>();
    Map<String, TensorInfo> theirs = renamed(source, problems);
    Set<String> loadedIds =
        theirs.keySet().stream()
            .filter(ours::containsKey)
            .map(key -> ours.get(key).getId())
            .collect(Collectors.toSet());
    Set<String> extra = new LinkedHashSet<>(theirs.keySet());
    extra.removeAll(ours.keySet());
    ours.forEach(
        (key, parameter) -> {
          if (!loadedIds.contains(parameter.getId()) && !mayMiss.test(key)) {
            problems.add("missing " + key + hint(key, extra, problems));
          }
        });
    theirs.forEach(
        (key, tensor) -> {
          Parameter parameter = ours.get(key);
          if (parameter != null) {
            check(key, tensor, parameter.getArray(), problems);
          } else if (!mayBeExtra.test(key)) {
            problems.add("unexpected " + key + hint(key, ours.keySet(), problems));
          }
        });
    refuse(problems, source);
    theirs.keySet().retainAll(ours.keySet());
    checkTied(theirs, ours, source, manager, problems);
    refuse(problems, source);
    try (GradientMode ignored = GradientMode.off()) {
      theirs.forEach((key, tensor) -> source.readInto(ours.get(key).getArray(), tensor.name()));
    }
  }

  private Map<String, TensorInfo> renamed(WeightSource source, List<String> problems) {
    Map<String, TensorInfo> theirs = new LinkedHashMap<>();
    source
        .tensors()
        .forEach(
            (name, tensor) -> {
              String key = rename.apply(name);
              TensorInfo other = key == null ? null : theirs.putIfAbsent(key, tensor);
              if (other != null) {
                problems.add(name + " and " + other.name() + " are both " + key);
              }
            });
    return theirs;
  }

  /** Only for what will be listed: among thousands of names the search would take minutes. */
  private static String hint(String key, Set<String> known, List<String> problems) {
    return problems.size() < MOST_LISTED ? NearestName.suggestion(key, known) : "";
  }

  private static void check(String key, TensorInfo tensor, NDArray array, List<String> problems) {
    Shape expected = array.getShape();
    if (!expected.equals(tensor.shape())) {
      problems.add(
          "misshapen " + key + ": " + tensor.shape() + " where " + expected + " is expected");
    }
    DataType type = array.getDataType();
    boolean fits =
        tensor.type().dataType() != null
            && (type.isFloating() ? tensor.type().isFloating() : type == tensor.type().dataType());
    if (!fits) {
      problems.add("wrong type " + key + ": " + tensor.type() + " where " + type + " is expected");
    }
  }

  private static void checkTied(
      Map<String, TensorInfo> theirs,
      Map<String, Parameter> ours,
      WeightSource source,
      NDManager manager,
      List<String> problems) {
    Map<String, String> firstKey = new LinkedHashMap<>();
    theirs.forEach(
        (key, tensor) -> {
          String first = firstKey.putIfAbsent(ours.get(key).getId(), key);
          if (first == null) {
            return;
          }
          try (NDManager scope = manager.newSubManager()) {
            NDArray a = source.read(scope, theirs.get(first).name());
            NDArray b = source.read(scope, tensor.name());
            if (a.getDataType() != b.getDataType()
                || !SafetensorsFile.KERNELS.call("same_bytes", a, b).getBoolean()) {
              problems.add(
                  first + " and " + key + " are one parameter of the model, but differ in value");
            }
          }
        });
  }

  private static void refuse(List<String> problems, WeightSource source) {
    if (problems.isEmpty()) {
      return;
    }
    String listed = problems.stream().limit(MOST_LISTED).collect(Collectors.joining("; ", "", ""));
    throw new WeightsException(
        source.origin()
            + " does not fit the model: "
            + listed
            + (problems.size() > MOST_LISTED
                ? "; and " + (problems.size() - MOST_LISTED) + " more"
                : ""));
  }
}
