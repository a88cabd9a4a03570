package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.datasets.generated.ChannelCorruption;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Images with spoiled channels, generated; see {@link ChannelCorruption}. */
@AutoService(TaskProvider.class)
public final class ChannelCorruptionTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "channel-corruption";
  }

  @Override
  public String usage() {
    return "channel-corruption:  generated: read channels of which a neighbouring few are spoiled";
  }

  @Override
  public Record defaults() {
    return ChannelCorruption.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.corrupted, task.offset");
    ChannelCorruption.Options chosen = (ChannelCorruption.Options) options;
    ChannelCorruption source = new ChannelCorruption(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(source.plan(), "target_variance", source.targetVariance());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("features", source.features());
    settings.put("channels", chosen.channels());
    settings.put("outputs", chosen.outputs());
    return new Task(
        scheme(),
        ModelKind.REGRESSOR,
        source,
        new RegressionObjective(),
        settings,
        chosen.batch(),
        "images",
        description);
  }
}
