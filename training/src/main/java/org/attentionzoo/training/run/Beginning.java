package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.training.Surgery;

/** The trained model whose weights a run begins with. */
final class Beginning {

  private final RunFolder.Selection source;
  private final Papers.Preset<?> sourcePreset;

  /** Null if the model stays what it is. */
  private final Surgery surgery;

  private Beginning(RunFolder.Selection source, Papers.Preset<?> sourcePreset, Surgery surgery) {
    this.source = source;
    this.sourcePreset = sourcePreset;
    this.surgery = surgery;
  }

  /**
   * Finds it.
   *
   * @param folder a run folder or one of a checkpoint
   * @param target the model that will be trained
   * @throws UserException if it is neither, or its model cannot become the target
   */
  static Beginning of(Papers papers, String folder, Papers.Preset<?> target) {
    RunFolder.Selection source;
    try {
      source = RunFolder.select(Path.of(folder));
    } catch (UserException e) {
      throw new UserException("initialFrom: " + e.getMessage(), e);
    }
    Papers.Preset<?> preset = papers.preset(source.run().config().model());
    String from = preset.model().name();
    String to = target.model().name();
    if (from.equals(to)) {
      return new Beginning(source, preset, null);
    }
    return ServiceLoader.load(Surgery.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(s -> s.source().equals(from) && s.target().equals(to))
        .findAny()
        .map(surgery -> new Beginning(source, preset, surgery))
        .orElseThrow(
            () ->
                new UserException(
                    "initialFrom: "
                        + folder
                        + " holds a "
                        + from
                        + ", which cannot become a "
                        + to
                        + "; any model can begin with one of its own kind, and these with"
                        + " another: "
                        + known()));
  }

  private static String known() {
    return ServiceLoader.load(Surgery.class).stream()
        .map(ServiceLoader.Provider::get)
        .map(s -> s.target() + " with a " + s.source() + " (" + s.summary() + ")")
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** The config with the sizes of the source, but for those that it sets itself. */
  RunConfig fit(RunConfig config) {
    Map<String, Object> trained = new LinkedHashMap<>(Configs.toMap(sourcePreset.config()));
    trained.putAll(source.run().config().modelOverrides());
    Map<String, Object> settings =
        new LinkedHashMap<>(surgery == null ? trained : surgery.settings(trained));
    settings.putAll(config.modelOverrides());
    return config.withModelOverrides(settings);
  }

  /**
   * Puts the weights into the initialised model.
   *
   * @throws org.attentionzoo.models.weights.WeightsException if they do not fit
   */
  void load(ZooBlock model, NDManager manager) {
    StateDictLoader loader = StateDictLoader.strict();
    if (surgery != null) {
      loader = loader.allowingMissing(surgery::isNew);
    }
    try (SafetensorsFile file = SafetensorsFile.open(source.checkpoint().weights())) {
      loader.load(model, manager, file);
    }
  }

  /** What a user should know of the choice of the checkpoint. */
  List<String> notes() {
    return source.notes();
  }

  /** For the run's provenance. */
  Map<String, Object> description() {
    Map<String, Object> found = new LinkedHashMap<>();
    found.put("checkpoint", source.checkpoint().folder().toString());
    found.put("model", source.run().config().model());
    Checkpoints.Stamp weights = source.checkpoint().state().files().get(Checkpoints.MODEL);
    found.put("weights_crc32c", weights.crc32c());
    return found;
  }
}
