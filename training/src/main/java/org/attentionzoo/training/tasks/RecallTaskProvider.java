package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
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
    GeneratedTasks.noLocation(scheme(), location, "task.pairs, task.length");
    AssociativeRecall.Options chosen = (AssociativeRecall.Options) options;
    AssociativeRecall recall = new AssociativeRecall(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(
            recall.plan(),
            "chance",
            recall.chance(),
            "chance_among_shown_values",
            recall.chanceAmongShown(),
            "vocabulary",
            recall.vocabulary());
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
