package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.CopyOrAverage;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Sharp and even questions, generated; see {@link CopyOrAverage}. */
@AutoService(TaskProvider.class)
public final class CopyOrAverageTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "copy-or-average";
  }

  @Override
  public String usage() {
    return "copy-or-average:  generated: some tokens ask for one value, others for the shares of all";
  }

  @Override
  public Record defaults() {
    return CopyOrAverage.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.items, task.keys");
    CopyOrAverage.Options chosen = (CopyOrAverage.Options) options;
    CopyOrAverage source = new CopyOrAverage(chosen);
    return GeneratedTasks.answers(
        scheme(),
        source,
        chosen.vocabulary(),
        (long) chosen.batch() * chosen.length(),
        "vocabulary",
        chosen.vocabulary(),
        "lowest_loss",
        source.lowestLoss());
  }
}
