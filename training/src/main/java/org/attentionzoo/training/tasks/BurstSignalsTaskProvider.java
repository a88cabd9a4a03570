package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.BurstSignals;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Which burst stands in drifting noise, generated; see {@link BurstSignals}. */
@AutoService(TaskProvider.class)
public final class BurstSignalsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "burst-signals";
  }

  @Override
  public String usage() {
    return "burst-signals:  generated: which short burst stands in noise that drifts";
  }

  @Override
  public Record defaults() {
    return BurstSignals.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.burst, task.noise, task.drift");
    BurstSignals.Options chosen = (BurstSignals.Options) options;
    BurstSignals source = new BurstSignals(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(
            source.plan(), "chance", 1.0 / chosen.classes(), "noise", chosen.noise());
    return SequenceClassification.task(
        scheme(), source, chosen.levels(), chosen.classes(), chosen.batch(), description);
  }
}
