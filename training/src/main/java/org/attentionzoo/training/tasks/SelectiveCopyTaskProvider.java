package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.SelectiveCopy;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Selective copying, generated; see {@link SelectiveCopy}. */
@AutoService(TaskProvider.class)
public final class SelectiveCopyTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "selective-copy";
  }

  @Override
  public String usage() {
    return "selective-copy:  generated: repeat the symbols that stand among blanks";
  }

  @Override
  public Record defaults() {
    return SelectiveCopy.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.length, task.copied");
    SelectiveCopy.Options chosen = (SelectiveCopy.Options) options;
    SelectiveCopy source = new SelectiveCopy(chosen);
    return GeneratedTasks.answers(
        scheme(),
        source,
        source.vocabulary(),
        (long) chosen.batch() * chosen.length(),
        "vocabulary",
        source.vocabulary(),
        "chance",
        1.0 / chosen.symbols());
  }
}
