package org.attentionzoo.models.djl;

import ai.djl.Application;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelLoader;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Progress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.hub.Hub;
import org.attentionzoo.models.hub.HubReference;
import org.attentionzoo.models.hub.HubSettings;
import org.attentionzoo.models.huggingface.HuggingFaceFolder;
import org.attentionzoo.models.weights.StateDictLoader;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.WeightFiles;

/**
 * Makes a model of the zoo for DJL. Options of the criteria:
 *
 * <ul>
 *   <li>{@code weights}: a file of weights under the model's names, a Hugging Face folder, or
 *       {@code owner/name} of one in the hub's cache; without it the weights are random
 *   <li>{@code seed}: decides the random weights, 1 by default
 *   <li>{@code trainParam}: {@code true} to leave the parameters trainable
 *   <li>{@code config.<key>}: a value that differs from the preset's config
 * </ul>
 *
 * <p>The model's property {@code weights} says where its weights come from.
 *
 * <p>Thread safety: immutable.
 *
 * @param <C> the model's config record
 */
public final class PresetLoader<C extends Record> implements ModelLoader {

  private static final String WEIGHTS = "weights";
  private static final String CONFIG = "config.";

  private final Papers papers;
  private final ModelEntry<C> entry;
  private final MRL resource;

  PresetLoader(Papers papers, ModelEntry<C> entry, PresetRepository repository) {
    this.papers = papers;
    this.entry = entry;
    resource = repository.resource(entry);
  }

  /** {@inheritDoc} */
  @Override
  public String getGroupId() {
    return AttentionZoo.GROUP_ID;
  }

  /** {@inheritDoc} */
  @Override
  public String getArtifactId() {
    return entry.name();
  }

  /** {@inheritDoc} */
  @Override
  public Application getApplication() {
    return resource.getApplication();
  }

  /** {@inheritDoc} */
  @Override
  public MRL getMrl() {
    return resource;
  }

  /**
   * Makes the model.
   *
   * @param criteria what is asked for
   * @param <I> the translator's input
   * @param <O> the translator's output
   * @return the model with its translator
   * @throws ModelNotFoundException if there is no such preset, engine or translator, or the weights
   *     are of another model; the message says what there is
   * @throws MalformedModelException if config or weights do not fit
   */
  @Override
  public <I, O> ZooModel<I, O> loadModel(Criteria<I, O> criteria)
      throws ModelNotFoundException, MalformedModelException {
    if (criteria.getEngine() != null && !criteria.getEngine().equals(AttentionZoo.ENGINE)) {
      throw new ModelNotFoundException(
          entry.name()
              + " needs the engine "
              + AttentionZoo.ENGINE
              + ", not "
              + criteria.getEngine());
    }
    Translators factory = new Translators(entry.kind());
    TranslatorFactory given = criteria.getTranslatorFactory();
    if (given == null
        && !factory.isSupported(criteria.getInputClass(), criteria.getOutputClass())) {
      throw new ModelNotFoundException(
          entry.name()
              + " has no translator from "
              + criteria.getInputClass()
              + " to "
              + criteria.getOutputClass()
              + "; it has "
              + factory.getSupportedTypes());
    }
    try {
      return load(criteria, given == null ? factory : given);
    } catch (TranslateException e) {
      throw new ModelNotFoundException(entry.name() + " cannot have this translator", e);
    } catch (UserException e) {
      throw new MalformedModelException(entry.name() + ": " + e.getMessage(), e);
    }
  }

  private <I, O> ZooModel<I, O> load(Criteria<I, O> criteria, TranslatorFactory factory)
      throws ModelNotFoundException, MalformedModelException, TranslateException {
    Map<String, String> options = criteria.getOptions() == null ? Map.of() : criteria.getOptions();
    Artifact artifact = artifact(criteria);
    String weights = options.get(WEIGHTS);
    Path path = weights == null ? null : path(weights);
    HuggingFaceFolder folder =
        path != null && HuggingFaceFolder.isOne(path) ? HuggingFaceFolder.open(papers, path) : null;
    if (folder != null && !folder.entry().name().equals(entry.name())) {
      throw new ModelNotFoundException(
          path + " is of the model " + folder.entry().name() + ", not of " + entry.name());
    }
    C config =
        folder == null ? preset(artifact, options) : entry.configType().cast(folder.config());
    String name = criteria.getModelName() == null ? artifact.getName() : criteria.getModelName();
    Model model = Model.newInstance(name, criteria.getDevice(), AttentionZoo.ENGINE);
    boolean done = false;
    try {
      model.setBlock(block(model, config, folder, path, options));
      model.setProperty(AttentionZoo.PRESET, artifact.getProperties().get(AttentionZoo.PRESET));
      model.setProperty(WEIGHTS, path == null ? "random" : path.toString());
      Map<String, Object> arguments =
          criteria.getArguments() == null ? Map.of() : criteria.getArguments();
      List<String> labels = folder == null ? List.of() : folder.labels();
      Translator<I, O> translator =
          factory instanceof Translators own
              ? own.newInstance(
                  criteria.getInputClass(),
                  criteria.getOutputClass(),
                  Configs.toMap(config),
                  labels)
              : factory.newInstance(
                  criteria.getInputClass(), criteria.getOutputClass(), model, arguments);
      ZooModel<I, O> result = new ZooModel<>(model, translator);
      done = true;
      return result;
    } finally {
      if (!done) {
        model.close();
      }
    }
  }

  private Artifact artifact(Criteria<?, ?> criteria) throws ModelNotFoundException {
    Artifact artifact =
        ((PresetRepository) resource.getRepository()).resolve(resource, criteria.getFilters());
    if (artifact == null) {
      throw new ModelNotFoundException(
          entry.name()
              + " has nothing that matches "
              + criteria.getFilters()
              + "; its presets are "
              + String.join(", ", entry.presets().keySet()));
    }
    return artifact;
  }

  private C preset(Artifact artifact, Map<String, String> options) {
    C config = entry.presets().get(artifact.getProperties().get(AttentionZoo.PRESET));
    List<String> changes =
        options.entrySet().stream()
            .filter(option -> option.getKey().startsWith(CONFIG))
            .map(o -> o.getKey().substring(CONFIG.length()) + "=" + o.getValue())
            .toList();
    return Configs.override(config, changes);
  }

  private ZooBlock block(
      Model model, C config, HuggingFaceFolder folder, Path path, Map<String, String> options) {
    ZooBlock block;
    if (folder != null) {
      block = folder.load(model.getNDManager());
    } else {
      try {
        block = entry.factory().apply(config);
      } catch (IllegalArgumentException e) {
        throw new UserException(e.getMessage(), e);
      }
      JniUtils.setSeed(seed(options));
      block.initialize(model.getNDManager(), DataType.FLOAT32);
      if (path != null) {
        try (StoredWeights source = WeightFiles.open(path)) {
          StateDictLoader.strict().load(block, model.getNDManager(), source);
        }
      }
    }
    // Without this, every prediction would record a graph.
    block.freezeParameters(!Boolean.parseBoolean(options.get("trainParam")));
    return block;
  }

  private static long seed(Map<String, String> options) {
    String given = options.getOrDefault("seed", "1");
    try {
      return Long.parseLong(given);
    } catch (NumberFormatException e) {
      throw new UserException("the option seed is '" + given + "'; expected a whole number", e);
    }
  }

  private static Path path(String weights) {
    try {
      Path path = Path.of(weights);
      if (Files.exists(path) || !HubReference.isOwned(weights)) {
        return path;
      }
    } catch (InvalidPathException e) {
      throw new UserException("the option weights is '" + weights + "', which is no path", e);
    }
    return new Hub(HubSettings.of(System.getenv()))
        .find(HubReference.parse(weights))
        .orElseThrow(
            () ->
                new UserException(
                    weights + " is neither a path nor in the cache; zoo pull downloads it"));
  }

  /** There is nothing to download: weights are files of the user. */
  @Override
  public <I, O> boolean isDownloaded(Criteria<I, O> criteria) throws ModelNotFoundException {
    return artifact(criteria) != null;
  }

  /** There is nothing to download: weights are files of the user. */
  @Override
  public <I, O> void downloadModel(Criteria<I, O> criteria, Progress progress)
      throws ModelNotFoundException {
    ((PresetRepository) resource.getRepository()).prepare(artifact(criteria), progress);
  }
}
