package org.attentionzoo.training.tasks;

import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.ExamplePlan;
import org.attentionzoo.datasets.generated.GeneratedSource;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;

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
   * Sequences of tokens some of which are to be predicted.
   *
   * @param vocabulary how many tokens there are
   * @param tokens how many a batch has
   * @param facts what else is to be told, each a name and a value
   */
  static Task answers(
      String scheme, GeneratedSource source, int vocabulary, long tokens, Object... facts) {
    return new Task(
        scheme,
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        source,
        new AnswerObjective(),
        Map.of("vocabulary", vocabulary),
        tokens,
        "tokens",
        description(source.plan(), facts));
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
