package org.attentionzoo.training.optimize;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.StateDict;

/**
 * Parameters that an optimizer treats alike.
 *
 * @param parameters by state-dict name
 * @param learningRateFactor what the scheduled learning rate is multiplied by
 * @param weightDecay the decoupled weight decay
 */
public record ParameterGroup(
    Map<String, Parameter> parameters, double learningRateFactor, double weightDecay) {

  private static final Set<String> NEVER_DECAYED = Set.of("bias", "gamma", "beta");

  /**
   * Splits a model's trainable parameters into those that decay and those that do not: biases,
   * scales and shifts of norms, and everything else of fewer than two dimensions. A tied parameter
   * appears once, under its first name.
   *
   * @param model the model, initialised
   * @param weightDecay the weight decay of the rest
   * @return the groups that are not empty
   */
  public static List<ParameterGroup> byDecay(Block model, double weightDecay) {
    Map<String, Parameter> decayed = new LinkedHashMap<>();
    Map<String, Parameter> kept = new LinkedHashMap<>();
    Set<String> seen = new HashSet<>();
    StateDict.of(model)
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient() && seen.add(parameter.getId())) {
                (decays(name, parameter) ? decayed : kept).put(name, parameter);
              }
            });
    return List.of(new ParameterGroup(decayed, 1, weightDecay), new ParameterGroup(kept, 1, 0))
        .stream()
        .filter(group -> !group.parameters().isEmpty())
        .toList();
  }

  private static boolean decays(String name, Parameter parameter) {
    String last = name.substring(name.lastIndexOf('.') + 1);
    return parameter.getShape().dimension() >= 2 && !NEVER_DECAYED.contains(last);
  }
}
