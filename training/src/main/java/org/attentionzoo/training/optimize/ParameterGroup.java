package org.attentionzoo.training.optimize;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;

/**
 * Parameters that an optimizer treats alike.
 *
 * @param parameters by state-dict name
 * @param learningRateFactor what the scheduled learning rate is multiplied by
 * @param weightDecay the decoupled weight decay
 */
public record ParameterGroup(
    Map<String, Parameter> parameters, double learningRateFactor, double weightDecay) {

  /** Names as {@code bias}, {@code query_pos_bias} and {@code relative_position_bias_table}. */
  private static final Pattern NEVER_DECAYED = Pattern.compile("(.*_)?bias(_.*)?|gamma|beta");

  /**
   * Splits a model's trainable parameters into those of the groups of a config and, for the rest,
   * those that decay and those that do not: biases, tables of them included, scales and shifts of
   * norms, and everything else of fewer than two dimensions. A tied parameter appears once, under
   * its first name.
   *
   * @param model the model, initialised
   * @param weightDecay the weight decay where a group does not say otherwise
   * @param groups the config's groups
   * @return the groups that are not empty
   * @throws UserException if a group of the config fits no parameter, or all are frozen
   */
  public static List<ParameterGroup> of(
      Block model, double weightDecay, List<OptimizerConfig.Group> groups) {
    Map<Key, Map<String, Parameter>> members = new LinkedHashMap<>();
    members.put(new Key(1, weightDecay), new LinkedHashMap<>());
    members.put(new Key(1, 0), new LinkedHashMap<>());
    Set<OptimizerConfig.Group> unused = new LinkedHashSet<>(groups);
    Set<String> seen = new HashSet<>();
    Map<String, Parameter> named = StateDict.of(model);
    named.forEach(
        (name, parameter) -> {
          if (parameter.requiresGradient() && seen.add(parameter.getId())) {
            Optional<OptimizerConfig.Group> group =
                groups.stream().filter(g -> g.fits(name)).findFirst();
            group.ifPresent(unused::remove);
            double usual = decays(name, parameter) ? weightDecay : 0;
            Key key =
                new Key(
                    group.map(OptimizerConfig.Group::learningRateFactor).orElse(1.0),
                    group.flatMap(OptimizerConfig.Group::weightDecay).orElse(usual));
            members.computeIfAbsent(key, k -> new LinkedHashMap<>()).put(name, parameter);
          }
        });
    if (!unused.isEmpty()) {
      String pattern = unused.iterator().next().parameters();
      throw new UserException(
          "optimizer.groups: no parameter is left for '"
              + pattern
              + "'"
              + NearestName.suggestion(pattern, named.keySet())
              + "; names are such as "
              + named.keySet().stream().limit(5).collect(Collectors.joining(", ")));
    }
    List<ParameterGroup> all =
        members.entrySet().stream()
            .filter(entry -> !entry.getValue().isEmpty())
            .map(
                entry ->
                    new ParameterGroup(
                        entry.getValue(),
                        entry.getKey().learningRateFactor(),
                        entry.getKey().weightDecay()))
            .toList();
    if (!all.isEmpty() && all.stream().allMatch(group -> group.learningRateFactor() == 0)) {
      throw new UserException(
          "optimizer.groups: learningRateFactor is 0 for every parameter, so that nothing would be"
              + " trained; leave some out");
    }
    return all;
  }

  private record Key(double learningRateFactor, double weightDecay) {}

  private static boolean decays(String name, Parameter parameter) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    return parameter.getShape().dimension() >= 2 && !NEVER_DECAYED.matcher(last).matches();
  }
}
