package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.Waves;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Series of waves to be continued, generated; see {@link Waves}. */
@AutoService(TaskProvider.class)
public final class WavesTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "waves";
  }

  @Override
  public String usage() {
    return "waves:  generated: forecast series of waves and noise";
  }

  @Override
  public Record defaults() {
    return Waves.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.window, task.horizon");
    Waves.Options chosen = (Waves.Options) options;
    Waves source = new Waves(chosen);
    return new Task(
        scheme(),
        ModelKind.FORECASTER,
        source,
        new RegressionObjective(),
        Map.of("window", chosen.window(), "horizon", chosen.horizon(), "channels", 1),
        chosen.batch(),
        "windows",
        GeneratedTasks.description(
            source.plan(),
            "error_of_zero",
            source.errorOfZero(),
            "least_possible_error",
            chosen.noise() * chosen.noise()));
  }
}
