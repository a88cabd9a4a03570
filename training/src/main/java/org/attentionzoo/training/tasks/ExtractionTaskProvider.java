package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.Extraction;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** What is marked in one sequence makes another, generated; see {@link Extraction}. */
@AutoService(TaskProvider.class)
public final class ExtractionTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "extraction";
  }

  @Override
  public String usage() {
    return "extraction:  generated: write down the marked symbols of a source in their order";
  }

  @Override
  public Record defaults() {
    return Extraction.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.length, task.marked");
    Extraction.Options chosen = (Extraction.Options) options;
    Extraction source = new Extraction(chosen);
    return new Task(
        scheme(),
        ModelKind.SEQUENCE_TO_SEQUENCE,
        source,
        new AnswerObjective(),
        Map.of("vocabulary", source.vocabulary()),
        (long) chosen.batch() * chosen.marked(),
        "tokens",
        GeneratedTasks.description(
            source.plan(), "chance", 1.0 / chosen.symbols(), "vocabulary", source.vocabulary()));
  }
}
