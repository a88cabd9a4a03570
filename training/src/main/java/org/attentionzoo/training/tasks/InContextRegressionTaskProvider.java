package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.InContextRegression;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Linear regression in context, generated; see {@link InContextRegression}. */
@AutoService(TaskProvider.class)
public final class InContextRegressionTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "icl-regression";
  }

  @Override
  public String usage() {
    return "icl-regression:  generated: the value of a linear function that points in the input"
        + " show";
  }

  @Override
  public Record defaults() {
    return InContextRegression.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.dimension, task.examples");
    InContextRegression.Options chosen = (InContextRegression.Options) options;
    InContextRegression source = new InContextRegression(chosen);
    return new Task(
        scheme(),
        ModelKind.REGRESSOR,
        source,
        new RegressionObjective(),
        Map.of("features", source.features(), "outputs", 1),
        chosen.batch(),
        "problems",
        GeneratedTasks.description(
            source.plan(),
            "error_of_zero",
            1 + chosen.noise(),
            "least_possible_error",
            chosen.noise()));
  }
}
