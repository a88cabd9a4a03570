package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.AssociativeRecall;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Key-value associative recall, generated; see {@link AssociativeRecall}. */
@AutoService(TaskProvider.class)
public final class RecallTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "recall";
  }

  @Override
  public String usage() {
    return "recall:  generated: recall the value that stood after a key, out of a window's sight";
  }

  @Override
  public Record defaults() {
    return AssociativeRecall.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (!location.isBlank()) {
      throw new UserException(
          "recall is generated and has no location, got 'recall:"
              + location
              + "'; write recall: and set task.pairs, task.length, ...");
    }
    AssociativeRecall.Options chosen = (AssociativeRecall.Options) options;
    AssociativeRecall recall = new AssociativeRecall(chosen);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", "generated");
    description.put("chance", recall.chance());
    description.put("chance_among_shown_values", recall.chanceAmongShown());
    description.put("vocabulary", recall.vocabulary());
    description.put("validation_examples", chosen.validationExamples());
    description.put("validation_seed", chosen.validationSeed());
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        recall,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", recall.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
