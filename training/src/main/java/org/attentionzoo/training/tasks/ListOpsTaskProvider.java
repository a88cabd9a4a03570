package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.ListOps;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** ListOps of the Long Range Arena, generated; see {@link ListOps}. */
@AutoService(TaskProvider.class)
public final class ListOpsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "listops";
  }

  @Override
  public String usage() {
    return "listops:  generated: the value of nested operations on lists of digits, as a class or"
        + " (task.form=answer) for causal language models";
  }

  @Override
  public Record defaults() {
    return ListOps.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.minimumLength, task.length");
    ListOps.Options chosen = (ListOps.Options) options;
    ListOps source = new ListOps(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(source.plan(), "vocabulary", source.vocabulary());
    if (chosen.form() == ListOps.Form.CLASSES) {
      return SequenceClassification.task(
          scheme(), source, source.vocabulary(), ListOps.CLASSES, chosen.batch(), description);
    }
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        source,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", source.vocabulary()),
        chosen.batch(),
        "sequences",
        description);
  }
}
