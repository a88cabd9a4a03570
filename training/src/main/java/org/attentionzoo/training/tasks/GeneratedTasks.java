package org.attentionzoo.training.tasks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.ExamplePlan;

/** What the providers of generated tasks have in common. */
final class GeneratedTasks {

  private GeneratedTasks() {}

  /**
   * Refuses a location.
   *
   * @param keys some options that could be meant, for example {@code task.pairs, task.length}
   */
  static void noLocation(String scheme, String location, String keys) {
    if (!location.isBlank()) {
      throw new UserException(
          scheme
              + " is generated and has no location, got '"
              + scheme
              + ":"
              + location
              + "'; write "
              + scheme
              + ": and set "
              + keys
              + ", ...");
    }
  }

  /**
   * The provenance of generated data.
   *
   * @param facts what else is to be told, each a name and a value
   */
  static Map<String, Object> description(ExamplePlan plan, Object... facts) {
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", "generated");
    for (int i = 0; i < facts.length; i += 2) {
      description.put((String) facts[i], facts[i + 1]);
    }
    description.put("validation_examples", plan.validationExamples() * plan.parts());
    description.put("validation_seed", plan.validationSeed());
    return description;
  }
}
