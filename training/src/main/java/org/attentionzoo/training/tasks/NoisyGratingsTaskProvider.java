package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.NoisyGratings;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Noise in gratings, generated; see {@link NoisyGratings}. */
@AutoService(TaskProvider.class)
public final class NoisyGratingsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "noisy-gratings";
  }

  @Override
  public String usage() {
    return "noisy-gratings:  generated: predict the noise in gratings of a known angle";
  }

  @Override
  public Record defaults() {
    return NoisyGratings.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.image, task.classes");
    NoisyGratings.Options chosen = (NoisyGratings.Options) options;
    NoisyGratings source = new NoisyGratings(chosen);
    if (!chosen.labelled()
        && modelConfig.get("labelDropout") instanceof Number rate
        && rate.doubleValue() == 0) {
      throw new UserException(
          "without labels the model needs its label for none: set model.labelDropout above 0");
    }
    Map<String, Object> description = GeneratedTasks.description(source.plan());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("channels", chosen.channels());
    settings.put("image", chosen.image());
    settings.put("classes", chosen.classes());
    settings.put("learnsVariance", false);
    return new Task(
        scheme(),
        ModelKind.DIFFUSION,
        source,
        new RegressionObjective(),
        settings,
        chosen.batch(),
        "images",
        description);
  }
}
