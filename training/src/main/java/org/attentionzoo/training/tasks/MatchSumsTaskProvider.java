package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.MatchSums;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Match2 and Match3, generated; see {@link MatchSums}. */
@AutoService(TaskProvider.class)
public final class MatchSumsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "match-sums";
  }

  @Override
  public String usage() {
    return "match-sums:  generated: which numbers have one or two others with which they add up to"
        + " 0";
  }

  @Override
  public Record defaults() {
    return MatchSums.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.modulus, task.order");
    MatchSums.Options chosen = (MatchSums.Options) options;
    MatchSums source = new MatchSums(chosen);
    return new Task(
        scheme(),
        ModelKind.MASKED_LANGUAGE_MODEL,
        source,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", chosen.modulus()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        GeneratedTasks.description(source.plan(), "order", chosen.order()));
  }
}
