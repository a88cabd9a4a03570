package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.MarkedSymbols;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Whether the first marked symbol equals the last, generated; see {@link MarkedSymbols}. */
@AutoService(TaskProvider.class)
public final class MarkedSymbolsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "marked-symbols";
  }

  @Override
  public String usage() {
    return "marked-symbols:  generated: does the first marked symbol equal the last";
  }

  @Override
  public Record defaults() {
    return MarkedSymbols.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.symbols, task.length");
    MarkedSymbols.Options chosen = (MarkedSymbols.Options) options;
    MarkedSymbols source = new MarkedSymbols(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(
            source.plan(),
            "chance",
            1.0 / MarkedSymbols.CLASSES,
            "vocabulary",
            source.vocabulary());
    return SequenceClassification.task(
        scheme(), source, source.vocabulary(), MarkedSymbols.CLASSES, chosen.batch(), description);
  }
}
