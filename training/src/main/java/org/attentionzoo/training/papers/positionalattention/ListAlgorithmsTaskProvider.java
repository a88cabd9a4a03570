package org.attentionzoo.training.papers.positionalattention;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;
import org.attentionzoo.training.tasks.RegressionObjective;

/** Algorithms on lists of numbers, generated; see {@link ListAlgorithms}. */
@AutoService(TaskProvider.class)
public final class ListAlgorithmsTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "list-algorithms";
  }

  @Override
  public String usage() {
    return "list-algorithms:  generated: sums, minima, medians or the order of lists of numbers";
  }

  @Override
  public Record defaults() {
    return ListAlgorithms.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (!location.isBlank()) {
      throw new UserException(
          "list-algorithms is generated and has no location, got 'list-algorithms:"
              + location
              + "'; write list-algorithms: and set task.algorithm, task.length, task.scale, ...");
    }
    ListAlgorithms.Options chosen = (ListAlgorithms.Options) options;
    ListAlgorithms source = new ListAlgorithms(chosen);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", "generated");
    description.put("algorithm", chosen.algorithm().name().toLowerCase(Locale.ROOT));
    description.put("validation_scale", chosen.scale());
    description.put("validation_seed", chosen.validationSeed());
    return new Task(
        scheme(),
        ModelKind.REGRESSOR,
        source,
        new RegressionObjective(),
        Map.of("features", chosen.length()),
        chosen.batch(),
        "lists",
        description);
  }
}
