package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.huggingface.HuggingFaceFolder;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.training.Surgery;

/**
 * The trained model whose weights a run begins with.
 *
 * @param settings the model's config with the sizes of the source, but for those that are new
 * @param weights puts the source's weights into an initialised model
 * @param tokenizer what made the tokens that the source knows; empty for none
 * @param notes what a user should know of the choice
 * @param description for the run's provenance
 */
record Beginning(
    Map<String, Object> settings,
    Weights weights,
    Optional<Path> tokenizer,
    List<String> notes,
    Map<String, Object> description) {

  /** Puts weights into a model. */
  @FunctionalInterface
  interface Weights {

    /**
     * Loads.
     *
     * @throws org.attentionzoo.models.weights.WeightsException if they do not fit
     */
    void load(ZooBlock model, NDManager manager);
  }

  /**
   * Finds it.
   *
   * @param path a run folder, one of a checkpoint, or a Hugging Face folder
   * @param target the model that will be trained
   * @throws UserException if it is none of these, or its model cannot become the target
   */
  static Beginning of(Papers papers, Path path, Papers.Preset<?> target) {
    try {
      return HuggingFaceFolder.isOne(path)
          ? ofFolder(HuggingFaceFolder.open(papers, path), target)
          : ofRun(papers, path, target);
    } catch (UserException e) {
      throw new UserException("initialFrom: " + e.getMessage(), e);
    }
  }

  private static Beginning ofRun(Papers papers, Path path, Papers.Preset<?> target) {
    RunFolder.Selection source = RunFolder.select(path);
    RunConfig config = source.run().config();
    Papers.Preset<?> preset = papers.preset(config.model());
    Surgery surgery = surgery(path, preset.model().name(), target).orElse(null);
    Map<String, Object> trained = new LinkedHashMap<>(Configs.toMap(preset.config()));
    trained.putAll(config.modelOverrides());
    StateDictLoader loader =
        surgery == null
            ? StateDictLoader.strict()
            : StateDictLoader.strict().allowingMissing(surgery::isNew);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("checkpoint", source.checkpoint().folder().toString());
    description.put("model", config.model());
    description.put(
        "weights_crc32c", source.checkpoint().state().files().get(Checkpoints.MODEL).crc32c());
    return new Beginning(
        surgery == null ? trained : surgery.settings(trained),
        (model, manager) -> {
          try (SafetensorsFile file = SafetensorsFile.open(source.checkpoint().weights())) {
            loader.load(model, manager, file);
          }
        },
        source.run().tokenizerFile(),
        source.notes(),
        description);
  }

  private static Beginning ofFolder(HuggingFaceFolder folder, Papers.Preset<?> target) {
    String model = folder.entry().name();
    if (surgery(folder.path(), model, target).isPresent()) {
      throw new UserException(
          folder.path() + " is a Hugging Face folder, which can only begin a " + model);
    }
    folder.requireWeights();
    return new Beginning(
        Configs.toMap(folder.config()),
        folder::load,
        folder.tokenizer(),
        List.of(),
        Map.of("folder", folder.path().toString(), "model", model));
  }

  /** What makes the target of a source of another kind; empty if they are of one kind. */
  private static Optional<Surgery> surgery(Path path, String from, Papers.Preset<?> target) {
    String to = target.model().name();
    if (from.equals(to)) {
      return Optional.empty();
    }
    return Optional.of(
        ServiceLoader.load(Surgery.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(s -> s.source().equals(from) && s.target().equals(to))
            .findAny()
            .orElseThrow(
                () ->
                    new UserException(
                        path
                            + " holds a "
                            + from
                            + ", which cannot become a "
                            + to
                            + "; any model can begin with one of its own kind, and these with"
                            + " another: "
                            + known())));
  }

  private static String known() {
    return ServiceLoader.load(Surgery.class).stream()
        .map(ServiceLoader.Provider::get)
        .map(s -> s.target() + " with a " + s.source() + " (" + s.summary() + ")")
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /**
   * The config with the settings and the tokens of the source, but for what it sets itself.
   *
   * @throws UserException if its data gives other tokens
   */
  RunConfig fit(RunConfig config) {
    if (config.givesBytes() && tokenizer.isPresent()) {
      throw new UserException(
          config.data()
              + " gives bytes, but initialFrom="
              + config.initialFrom().orElseThrow()
              + " reads the tokens of its tokenizer; give tokens: in the place of text:");
    }
    Map<String, Object> all = new LinkedHashMap<>(settings);
    all.putAll(config.modelOverrides());
    RunConfig sized = config.withModelOverrides(all);
    return config.namesTokenizer() ? sized : tokenizer.map(sized::withTokenizer).orElse(sized);
  }
}
