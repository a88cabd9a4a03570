package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;

/**
 * Loads weights from elsewhere into a model: strictly, but for what is allowed, and without a
 * prefix that stands before the model's names because it was part of something larger.
 *
 * <p>In patterns {@code *} stands for any text, dots included.
 *
 * @param prefix what to take off the source's keys, for example {@code encoder.}; keys without it
 *     stay as they are; null to find out
 * @param mayMiss patterns of the model's keys that the source need not have
 * @param mayBeExtra patterns of the source's keys that the model need not have
 */
public record WeightImport(String prefix, List<String> mayMiss, List<String> mayBeExtra) {

  private static final int MOST_PREFIXES = 100;
  private static final int DEEPEST = 4;

  /**
   * What was done.
   *
   * @param prefix what was taken off; empty if nothing was
   * @param missing the model's keys that keep their initial values
   * @param extra the source's keys that were passed over
   */
  public record Outcome(String prefix, List<String> missing, List<String> extra) {}

  /** Copies the lists. */
  public WeightImport {
    mayMiss = List.copyOf(mayMiss);
    mayBeExtra = List.copyOf(mayBeExtra);
  }

  /**
   * Everything must fit, but for a prefix.
   *
   * @return the import
   */
  public static WeightImport strict() {
    return new WeightImport(null, List.of(), List.of());
  }

  /**
   * Loads a model.
   *
   * @param root the model; initialised in float32 first if it is not yet
   * @param manager owns the parameters of a model that is not yet initialised
   * @param source the tensors
   * @return what was done
   * @throws UserException if a pattern fits no key
   * @throws WeightsException if keys are missing or unexpected, or shapes or types differ; lists
   *     all of them. No value was loaded then
   */
  public Outcome load(Block root, NDManager manager, WeightSource source) {
    Map<String, Parameter> ours = StateDict.of(root);
    Set<String> theirs = source.tensors().keySet();
    requireUse("missing", mayMiss, ours.keySet());
    requireUse("unexpected", mayBeExtra, theirs);
    if (prefix != null && theirs.stream().noneMatch(key -> key.startsWith(prefix))) {
      throw new UserException(
          "no name in "
              + source.origin()
              + " begins with '"
              + prefix
              + "'"
              + NearestName.suggestion(prefix, prefixes(theirs)));
    }
    String taken = prefix == null ? likeliestPrefix(ours.keySet(), theirs) : prefix;
    Predicate<String> extra = matching(mayBeExtra);
    StateDictLoader.strict()
        .renaming(key -> stripped(taken, key))
        .allowingMissing(matching(mayMiss))
        .allowingExtra(key -> extra.test(key) || extra.test(taken + key))
        .load(root, manager, source);
    Set<String> loaded =
        theirs.stream().map(key -> stripped(taken, key)).collect(Collectors.toSet());
    Set<String> loadedIds =
        ours.entrySet().stream()
            .filter(e -> loaded.contains(e.getKey()))
            .map(e -> e.getValue().getId())
            .collect(Collectors.toSet());
    return new Outcome(
        taken,
        ours.entrySet().stream()
            .filter(e -> !loadedIds.contains(e.getValue().getId()))
            .map(Map.Entry::getKey)
            .toList(),
        theirs.stream().filter(key -> !ours.containsKey(stripped(taken, key))).toList());
  }

  /**
   * Whether a model has the keys and shapes of a source, a prefix aside.
   *
   * @param root the model; it need not be initialised
   * @param source the tensors
   * @return true if nothing is missing (a tied parameter under one of its names does), unexpected
   *     or misshapen
   */
  public static boolean fits(Block root, WeightSource source) {
    Map<String, Parameter> ours = StateDict.of(root);
    String taken = likeliestPrefix(ours.keySet(), source.tensors().keySet());
    Set<String> found = new LinkedHashSet<>();
    for (Map.Entry<String, TensorInfo> tensor : source.tensors().entrySet()) {
      Parameter parameter = ours.get(stripped(taken, tensor.getKey()));
      if (parameter == null || !tensor.getValue().shape().equals(parameter.getShape())) {
        return false;
      }
      found.add(parameter.getId());
    }
    return ours.values().stream().allMatch(parameter -> found.contains(parameter.getId()));
  }

  private static String stripped(String prefix, String key) {
    return key.startsWith(prefix) ? key.substring(prefix.length()) : key;
  }

  /** The prefix without which most keys are the model's; none, if that is as good. */
  private static String likeliestPrefix(Set<String> ours, Set<String> theirs) {
    Set<String> prefixes = new LinkedHashSet<>(List.of(""));
    prefixes.addAll(prefixes(theirs));
    String best = "";
    long most = -1;
    for (String candidate : prefixes) {
      long count =
          theirs.stream()
              .filter(key -> key.startsWith(candidate) && ours.contains(stripped(candidate, key)))
              .count();
      if (count > most) {
        best = candidate;
        most = count;
      }
    }
    return best;
  }

  private static Set<String> prefixes(Set<String> keys) {
    return keys.stream()
        .flatMap(key -> prefixes(key).stream())
        .distinct()
        .limit(MOST_PREFIXES)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static List<String> prefixes(String key) {
    List<String> prefixes = new ArrayList<>();
    int dot = key.indexOf('.');
    while (dot >= 0 && prefixes.size() < DEEPEST) {
      prefixes.add(key.substring(0, dot + 1));
      dot = key.indexOf('.', dot + 1);
    }
    return prefixes;
  }

  private static Predicate<String> matching(List<String> patterns) {
    List<Pattern> compiled = patterns.stream().map(WeightImport::compiled).toList();
    return key -> compiled.stream().anyMatch(pattern -> pattern.matcher(key).matches());
  }

  private static Pattern compiled(String pattern) {
    return Pattern.compile(
        Stream.of(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
  }

  private static void requireUse(String what, List<String> patterns, Set<String> keys) {
    for (String pattern : patterns) {
      if (keys.stream().noneMatch(matching(List.of(pattern)))) {
        throw new UserException(
            "keys like '"
                + pattern
                + "' were allowed to be "
                + what
                + ", but "
                + (what.equals("missing") ? "the model" : "the file")
                + " has none"
                + NearestName.suggestion(pattern, keys));
      }
    }
  }
}
