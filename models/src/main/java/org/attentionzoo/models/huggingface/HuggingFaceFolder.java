package org.attentionzoo.models.huggingface;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.WeightFiles;

/**
 * A folder as {@code save_pretrained} writes it: {@code config.json} says which model, {@code
 * model.safetensors} or {@code pytorch_model.bin}, or several with an index, hold its weights, the
 * tokenizer's files stand beside them.
 *
 * <p>Opening reads the config alone and loads no engine. Thread safety: immutable.
 */
public final class HuggingFaceFolder {

  private static final String CONFIG = "config.json";
  private static final String LAYERS = "num_hidden_layers";

  private static final List<String> TOKENIZERS =
      List.of(
          "tokenizer.json", "merges.txt", "spm.model", "sentencepiece.bpe.model", "spiece.model");

  /** Tied weights stand once in a file, and some providers add biases that are zero. */
  private static final int MOST_TIMES_WEIGHTS = 2;

  private final Path folder;
  private final ModelEntry<?> entry;
  private final HuggingFaceModel model;
  private final List<String> labels;
  private final List<Integer> endTokens;
  private final Map<String, String> ignored;
  private final int layers;

  private HuggingFaceFolder(
      Path folder,
      ModelEntry<?> entry,
      HuggingFaceModel model,
      List<String> labels,
      List<Integer> endTokens,
      Map<String, String> ignored,
      int layers) {
    this.folder = folder;
    this.entry = entry;
    this.model = model;
    this.labels = labels;
    this.endTokens = endTokens;
    this.ignored = ignored;
    this.layers = layers;
  }

  /**
   * Whether a folder has a config to be opened by.
   *
   * @param folder any path
   * @return true if it holds a {@code config.json}
   */
  public static boolean isOne(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIG));
  }

  /**
   * Opens a folder.
   *
   * @param papers the zoo
   * @param folder holds a {@code config.json}
   * @return the folder, its config understood in full
   * @throws UserException if the config is missing, of an unknown {@code model_type}, or describes
   *     what cannot be built
   */
  public static HuggingFaceFolder open(Papers papers, Path folder) {
    if (!isOne(folder)) {
      throw new UserException(folder + " has no " + CONFIG + "; expected a folder that has one");
    }
    HuggingFaceConfig config = HuggingFaceConfig.read(folder.resolve(CONFIG));
    HuggingFaceModel model = provider(config).read(config);
    Map<String, String> ignored = config.finish();
    ModelEntry<?> entry = papers.model(model.model());
    if (!entry.configType().isInstance(model.config())) {
      throw new IllegalStateException(
          entry.name() + " is made from " + entry.configType() + ", not from " + model.config());
    }
    return new HuggingFaceFolder(
        folder,
        entry,
        model,
        config.labels(),
        config.endTokens(),
        ignored,
        config.value(LAYERS) instanceof Integer number ? number : 0);
  }

  private static HuggingFaceProvider provider(HuggingFaceConfig config) {
    SortedMap<String, HuggingFaceProvider> known = new TreeMap<>();
    for (HuggingFaceProvider provider :
        ServiceLoader.load(HuggingFaceProvider.class, HuggingFaceFolder.class.getClassLoader())) {
      for (String type : provider.modelTypes()) {
        HuggingFaceProvider other = known.putIfAbsent(type, provider);
        if (other != null) {
          throw new IllegalStateException("two providers of model_type " + type);
        }
      }
    }
    HuggingFaceProvider provider = known.get(config.modelType());
    if (provider == null) {
      throw new UserException(
          config.file()
              + (config.modelType().isEmpty()
                  ? " has no model_type"
                  : " has the model_type '"
                      + config.modelType()
                      + "', which this zoo does not have"
                      + NearestName.suggestion(config.modelType(), known.keySet()))
              + "; known: "
              + String.join(", ", known.keySet()));
    }
    return provider;
  }

  /**
   * Where it is.
   *
   * @return the folder
   */
  public Path path() {
    return folder;
  }

  /**
   * The model of the zoo that the config describes.
   *
   * @return its entry
   */
  public ModelEntry<?> entry() {
    return entry;
  }

  /**
   * The model's config.
   *
   * @return an instance of the entry's config record
   */
  public Record config() {
    return model.config();
  }

  /**
   * The names of the classes of a classifier.
   *
   * @return by number; empty if the config has none
   */
  public List<String> labels() {
    return labels;
  }

  /**
   * Fields of the config that change nothing here.
   *
   * @return by name, why not
   */
  public Map<String, String> ignored() {
    return ignored;
  }

  /**
   * What makes the tokens of the model.
   *
   * @return the folder, if files of a tokenizer stand in it; whether they can be read is not looked
   *     at
   */
  public Optional<Path> tokenizer() {
    return TOKENIZERS.stream().anyMatch(name -> Files.isRegularFile(folder.resolve(name)))
        ? Optional.of(folder)
        : Optional.empty();
  }

  /**
   * The tokens that end a text.
   *
   * @return what the config says; empty if it says nothing
   */
  public List<Integer> endTokens() {
    return endTokens;
  }

  /**
   * Builds the model and loads its weights in float32.
   *
   * @param manager owns the parameters
   * @return the model
   * @throws UserException as for {@link #load(NDManager, DataType)}
   */
  public ZooBlock load(NDManager manager) {
    return load(manager, DataType.FLOAT32);
  }

  /**
   * Builds the model and loads its weights.
   *
   * @param manager owns the parameters
   * @param type what the weights are rounded to
   * @return the model
   * @throws UserException if the folder has no weights that can be read, or they do not fit the
   *     config; lists all that differs
   */
  public ZooBlock load(NDManager manager, DataType type) {
    try (StoredWeights source = WeightFiles.open(folder)) {
      ZooBlock block = build(source);
      block.initialize(manager, type);
      load(block, manager, source);
      return block;
    }
  }

  /**
   * Loads the weights into a model that was built from {@link #config()}, or from one that differs
   * in what has no weights.
   *
   * @param block the model
   * @param manager owns the parameters of a model that is not yet initialised
   * @throws UserException as for {@link #load(NDManager, DataType)}
   */
  public void load(ZooBlock block, NDManager manager) {
    try (StoredWeights source = WeightFiles.open(folder)) {
      load(block, manager, source);
    }
  }

  private void load(ZooBlock block, NDManager manager, StoredWeights source) {
    List<String> kept = model.loader().load(block, manager, source);
    if (!kept.isEmpty()) {
      throw new UserException(
          source.origin() + " lacks parameters of the model: " + String.join(", ", kept));
    }
  }

  /**
   * Checks that the config describes a model that the weights can belong to, from the names and
   * shapes of the weights alone: for callers who build from {@link #config()} themselves.
   *
   * @throws UserException if there are no weights that can be read, or the config announces far
   *     more than they hold
   */
  public void requireWeights() {
    try (StoredWeights source = WeightFiles.open(folder)) {
      build(source);
    }
  }

  /** Builds the model, uninitialised, if its weights do not contradict it. */
  private ZooBlock build(StoredWeights source) {
    // Before anything is built: a config from elsewhere may hold any number.
    if (layers > source.tensors().size()) {
      throw new UserException(
          folder.resolve(CONFIG)
              + " announces "
              + layers
              + " layers, but "
              + source.origin()
              + " holds "
              + source.tensors().size()
              + " tensors; they do not belong together");
    }
    ZooBlock block = build(entry);
    requireSizeOf(source, block);
    return block;
  }

  /**
   * Refuses a model that is much larger than its weights, before memory is taken for it. What
   * exactly differs, the loader tells.
   */
  private void requireSizeOf(StoredWeights source, ZooBlock block) {
    Map<String, Double> sizes = new HashMap<>();
    StateDict.of(block)
        .values()
        .forEach(
            parameter -> {
              double size = 1; // of three large numbers, which are more than a long holds
              for (long length : parameter.getShape().getShape()) {
                size *= length;
              }
              sizes.put(parameter.getId(), size);
            });
    double wanted = sizes.values().stream().mapToDouble(size -> size).sum();
    double there = source.tensors().values().stream().mapToDouble(t -> t.shape().size()).sum();
    if (wanted > MOST_TIMES_WEIGHTS * there) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "%s describes a model of %,.0f values, but %s holds %,.0f; they do not belong together",
              folder.resolve(CONFIG),
              wanted,
              source.origin(),
              there));
    }
  }

  private <C extends Record> ZooBlock build(ModelEntry<C> typed) {
    try {
      return typed.factory().apply(typed.configType().cast(model.config()));
    } catch (IllegalArgumentException e) {
      throw new UserException(folder.resolve(CONFIG) + ": " + e.getMessage(), e);
    }
  }

  /**
   * The model's config as text.
   *
   * @return YAML, as {@code zoo show} prints it
   */
  @Override
  public String toString() {
    return entry.name() + "\n" + Configs.toYaml(model.config());
  }
}
