package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.datasets.generated.Pathfinder;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Pathfinder with the sizes of the Long Range Arena, generated; see {@link Pathfinder}. */
@AutoService(TaskProvider.class)
public final class PathfinderTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "pathfinder";
  }

  @Override
  public String usage() {
    return "pathfinder:  generated: does a path of dashes join the two discs; an image, or"
        + " (task.form=pixels) a sequence of its pixels";
  }

  @Override
  public Record defaults() {
    return Pathfinder.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.image, task.form");
    Pathfinder.Options chosen = (Pathfinder.Options) options;
    Pathfinder source = new Pathfinder(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(source.plan(), "chance", 1.0 / Pathfinder.CLASSES);
    if (chosen.form() == Pathfinder.Form.PIXELS) {
      return SequenceClassification.task(
          scheme(), source, Pathfinder.VOCABULARY, Pathfinder.CLASSES, chosen.batch(), description);
    }
    description.put("means", List.of(Pathfinder.MEAN));
    description.put("deviations", List.of(Pathfinder.DEVIATION));
    return new Task(
        scheme(),
        ModelKind.IMAGE_CLASSIFIER,
        source,
        new ClassificationObjective(0),
        Map.of("channels", 1, "image", chosen.image(), "classes", Pathfinder.CLASSES),
        chosen.batch(),
        "images",
        description);
  }
}
