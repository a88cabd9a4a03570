package org.attentionzoo.training.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.tasks.Tasks;

/**
 * Model and task from a config that names them.
 *
 * @param config resolved: the options of model and task are complete
 * @param preset the model's preset
 * @param task the task; null if none was asked for
 */
record Assembly(RunConfig config, Papers.Preset<?> preset, Task task) {

  /**
   * Finds the model and makes the task; the data decides what the user left open of the model.
   *
   * @throws UserException if anything does not exist or fit
   */
  static Assembly of(Papers papers, RunConfig config) {
    Papers.Preset<?> preset = papers.preset(config.model());
    if (config.data().isEmpty()) {
      throw new UserException(
          "no data was given for "
              + preset.name()
              + ", which is a "
              + preset.model().kind().label()
              + "; give for example --data "
              + String.join(" or --data ", examples(preset.model().kind())));
    }
    Record modelConfig = configured(preset, config.modelOverrides());
    Tasks.Source source = Tasks.parse(config.data());
    Record options =
        about("task", () -> Configs.fromMap(source.provider().defaults(), config.task()));
    Task task = source.provider().create(source.location(), options, Configs.toMap(modelConfig));
    if (task.kind() != preset.model().kind()) {
      throw new UserException(
          preset.name()
              + " is a "
              + preset.model().kind().label()
              + ", but "
              + config.data()
              + " trains a "
              + task.kind().label()
              + "; give other data or another model");
    }
    Map<String, Object> overrides = new LinkedHashMap<>(config.modelOverrides());
    fit(overrides, Configs.toMap(modelConfig), task, config.data());
    Map<String, Object> complete = Configs.toMap(configured(preset, overrides));
    return new Assembly(config.with(preset.name(), complete, Configs.toMap(options)), preset, task);
  }

  /** What models of a kind can be trained on. */
  static List<String> examples(ModelKind kind) {
    return switch (kind) {
      case CAUSAL_LANGUAGE_MODEL -> List.of("text:<file or folder>", "tokens:<file or folder>");
      case MASKED_LANGUAGE_MODEL -> List.of("masked-text:<file or folder>");
      case SEQUENCE_CLASSIFIER -> List.of("sentences:sst2");
      case SEQUENCE_TO_SEQUENCE -> List.of("extraction:");
      case IMAGE_CLASSIFIER -> List.of("imagefolder:<folder>", "shapes:");
      case DIFFUSION -> List.of("noisy-gratings:");
      case RECOMMENDER -> List.of("interactions:ml-1m", "item-order:");
      case FORECASTER -> List.of("forecast:ETTh1", "waves:");
      case REGRESSOR -> List.of("csv:<file>");
    };
  }

  /** Finds the model alone. */
  static Assembly ofModel(Papers papers, RunConfig config) {
    return new Assembly(config, papers.preset(config.model()), null);
  }

  /** The same with all options of the model spelled out, so that no data decides them. */
  Assembly complete() {
    Map<String, Object> all = Configs.toMap(configured(preset, config.modelOverrides()));
    return new Assembly(config.with(preset.name(), all, config.task()), preset, task);
  }

  /** Builds the model, uninitialised. */
  ZooBlock build() {
    return build(preset);
  }

  private <C extends Record> ZooBlock build(Papers.Preset<C> typed) {
    Function<C, ? extends ZooBlock> factory = typed.model().factory();
    C modelConfig = configured(typed, config.modelOverrides());
    try {
      return factory.apply(modelConfig);
    } catch (IllegalArgumentException e) {
      // Sizes that are fine one by one may not fit together; only the model knows.
      throw new UserException("model: " + e.getMessage(), e);
    }
  }

  private static <C extends Record> C configured(
      Papers.Preset<C> preset, Map<String, Object> overrides) {
    return about("model", () -> Configs.fromMap(preset.config(), overrides));
  }

  /** Sets what the data decides; a user's own larger number stands. */
  private static void fit(
      Map<String, Object> overrides, Map<String, Object> all, Task task, String data) {
    task.modelSettings()
        .forEach(
            (key, needed) -> {
              if (!all.containsKey(key)) {
                return;
              }
              Object given = overrides.get(key);
              if (given == null) {
                overrides.put(key, needed);
              } else if (!fits(given, needed)) {
                throw new UserException(
                    "model."
                        + key
                        + "="
                        + given
                        + " was given, but "
                        + data
                        + " needs "
                        + needed
                        + "; leave it out");
              }
            });
  }

  private static boolean fits(Object given, Object needed) {
    return given instanceof Number a && needed instanceof Number b
        ? a.doubleValue() >= b.doubleValue()
        : given.equals(needed);
  }

  private static <T> T about(String what, Supplier<T> action) {
    try {
      return action.get();
    } catch (UserException e) {
      throw new UserException(what + ": " + e.getMessage(), e);
    }
  }
}
