package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.MultiQueryRecall;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Multi-query associative recall, generated; see {@link MultiQueryRecall}. */
@AutoService(TaskProvider.class)
public final class MultiQueryRecallTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "mqar";
  }

  @Override
  public String usage() {
    return "mqar:  generated: multi-query associative recall, every key again after a random gap";
  }

  @Override
  public Record defaults() {
    return MultiQueryRecall.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.pairs, task.length");
    MultiQueryRecall.Options chosen = (MultiQueryRecall.Options) options;
    MultiQueryRecall source = new MultiQueryRecall(chosen);
    return GeneratedTasks.answers(
        scheme(),
        source,
        chosen.vocabulary(),
        (long) chosen.batch() * chosen.length(),
        "vocabulary",
        chosen.vocabulary(),
        "chance_among_shown_values",
        source.chanceAmongShown());
  }
}
