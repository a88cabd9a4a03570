package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Collections;
import java.util.Map;
import org.attentionzoo.datasets.generated.Shapes;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Images of shapes, generated; see {@link Shapes}. */
@AutoService(TaskProvider.class)
public final class ShapesTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "shapes";
  }

  @Override
  public String usage() {
    return "shapes:  generated: images of plain shapes; which one, or (task.pairs) whether two far"
        + " apart are the same";
  }

  @Override
  public Record defaults() {
    return Shapes.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.image, task.shapes");
    Shapes.Options chosen = (Shapes.Options) options;
    Shapes source = new Shapes(chosen);
    return new Task(
        scheme(),
        ModelKind.IMAGE_CLASSIFIER,
        source,
        new ClassificationObjective(0),
        Map.of("channels", chosen.channels(), "image", chosen.image(), "classes", source.classes()),
        chosen.batch(),
        "images",
        GeneratedTasks.description(
            source.plan(),
            "chance",
            1.0 / source.classes(),
            "means",
            Collections.nCopies(chosen.channels(), Shapes.MEAN),
            "deviations",
            Collections.nCopies(chosen.channels(), Shapes.DEVIATION)));
  }
}
