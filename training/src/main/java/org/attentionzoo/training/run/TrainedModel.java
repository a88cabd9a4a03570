package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.huggingface.HuggingFaceFolder;
import org.attentionzoo.training.Task;

/**
 * A model with the weights of a run or from elsewhere, to evaluate or to use.
 *
 * <p>For one thread. Closing frees the model.
 */
public final class TrainedModel implements AutoCloseable {

  /** What a task says of its data that must be as it was in training. */
  private static final List<String> MEANING =
      List.of("classes", "features", "feature_means", "feature_deviations");

  private static final int SHOWN = 80;

  private final Papers papers;
  private final Assembly assembly;
  private final NDManager manager;
  private final ZooBlock model;
  private final RunFolder.Selection selection;
  private final String origin;
  private final List<String> notes;
  private final HuggingFaceFolder folder;

  private TrainedModel(
      Papers papers,
      Assembly assembly,
      NDManager manager,
      ZooBlock model,
      RunFolder.Selection selection,
      String origin,
      List<String> notes,
      HuggingFaceFolder folder) {
    this.papers = papers;
    this.assembly = assembly;
    this.manager = manager;
    this.model = model;
    this.selection = selection;
    this.origin = origin;
    this.notes = List.copyOf(notes);
    this.folder = folder;
  }

  /**
   * Loads the model of a folder; the data it was trained on need not be there.
   *
   * @param papers the zoo
   * @param folder a run folder, which means its best checkpoint (the newest if none was evaluated),
   *     or the folder of one of its checkpoints, or a Hugging Face folder
   * @param device {@code cpu}, {@code gpu} or {@code gpu:<number>}
   * @return the model
   * @throws UserException if the folder is none of these, holds no checkpoint that is whole, or its
   *     weights do not fit
   */
  public static TrainedModel load(Papers papers, Path folder, String device) {
    if (HuggingFaceFolder.isOne(folder)) {
      return load(papers, HuggingFaceFolder.open(papers, folder), device);
    }
    RunFolder.Selection selection = RunFolder.select(folder);
    return on(
        device,
        manager -> {
          Assembly assembly = Assembly.ofModel(papers, selection.run().config());
          ZooBlock model = assembly.build();
          selection.checkpoint().loadWeights(model, manager);
          return new TrainedModel(
              papers,
              assembly,
              manager,
              model,
              selection,
              folder.toString(),
              selection.notes(),
              null);
        });
  }

  private static TrainedModel load(Papers papers, HuggingFaceFolder folder, String device) {
    String name = folder.entry().name();
    RunConfig config = RunConfig.of(name).with(name, Configs.toMap(folder.config()), Map.of());
    return on(
        device,
        manager ->
            new TrainedModel(
                papers,
                Assembly.ofModel(papers, config),
                manager,
                folder.load(manager),
                null,
                folder.path().toString(),
                List.of(),
                folder));
  }

  /**
   * Loads weights from elsewhere.
   *
   * @param papers the zoo
   * @param name a preset; an architecture, of which the preset is taken whose shapes the weights
   *     have; or a recipe
   * @param settings changes of its config, each {@code key=value}
   * @param weights the weights
   * @param device {@code cpu}, {@code gpu} or {@code gpu:<number>}
   * @return the model
   * @throws UserException if anything does not exist or fit
   */
  public static TrainedModel load(
      Papers papers, String name, List<String> settings, ImportedWeights weights, String device) {
    RunConfig config = Recipes.resolve(papers, weights.preset(papers, name), settings);
    return on(
        device,
        manager -> {
          Assembly assembly = Assembly.ofModel(papers, config).complete();
          ZooBlock model = assembly.build();
          // What need not be in the file starts as it would in training.
          TrainingLoop.initialize(model, manager, config.seed());
          List<String> notes = weights.load(model, manager);
          return new TrainedModel(
              papers, assembly, manager, model, null, weights.path().toString(), notes, null);
        });
  }

  /**
   * Makes a model with the weights that training would begin with.
   *
   * @param papers the zoo
   * @param name a preset, an architecture or a recipe
   * @param settings changes of its config, each {@code key=value}
   * @param device {@code cpu}, {@code gpu} or {@code gpu:<number>}
   * @return the model
   * @throws UserException if anything does not exist or fit
   */
  public static TrainedModel initial(
      Papers papers, String name, List<String> settings, String device) {
    RunConfig config = Recipes.resolve(papers, name, settings);
    return on(
        device,
        manager -> {
          Assembly assembly = Assembly.ofModel(papers, config).complete();
          ZooBlock model = assembly.build();
          TrainingLoop.initialize(model, manager, config.seed());
          return new TrainedModel(
              papers,
              assembly,
              manager,
              model,
              null,
              "initial weights of seed " + config.seed(),
              List.of("no weights were given: these are the initial ones"),
              null);
        });
  }

  /** What it makes owns the manager of a device, which is closed if it fails. */
  private static TrainedModel on(String device, Function<NDManager, TrainedModel> make) {
    NDManager manager = Devices.manager(Devices.find(device));
    boolean done = false;
    try {
      TrainedModel made = make.apply(manager);
      done = true;
      return made;
    } finally {
      if (!done) {
        manager.close();
      }
    }
  }

  /**
   * Puts something that computes what a model computes in the place of a model of the zoo, to
   * evaluate it on the model's tasks.
   *
   * @param papers the zoo
   * @param name the preset or recipe whose place it takes
   * @param settings changes of its config, each {@code key=value}
   * @param block what computes
   * @param origin where it comes from
   * @return the model; closing it does not close what computes
   * @throws UserException if the name or a setting does not exist or fit
   */
  public static TrainedModel inPlaceOf(
      Papers papers, String name, List<String> settings, ZooBlock block, String origin) {
    return inPlaceOf(papers, Recipes.resolve(papers, name, settings), block, origin);
  }

  /**
   * Puts something that computes what a model computes in the place of a run's model.
   *
   * @param papers the zoo
   * @param config the run's config
   * @param block what computes
   * @param origin where it comes from
   * @return the model; closing it does not close what computes
   */
  public static TrainedModel inPlaceOf(
      Papers papers, RunConfig config, ZooBlock block, String origin) {
    return new TrainedModel(
        papers,
        Assembly.ofModel(papers, config).complete(),
        Devices.manager(Devices.find("cpu")),
        block,
        null,
        origin,
        List.of(),
        null);
  }

  /** The same with another model in its place, which has its own manager. */
  TrainedModel replaced(Assembly other, NDManager owner, ZooBlock block, String otherOrigin) {
    return new TrainedModel(papers, other, owner, block, selection, otherOrigin, List.of(), folder);
  }

  /**
   * Makes a task for the model.
   *
   * @param data {@code <scheme>:<location>}; empty for what the model was trained on
   * @return the task
   * @throws UserException if the data is not there or does not fit the model
   */
  public Task task(String data) {
    return task(data, List.of());
  }

  /**
   * Makes a task for the model.
   *
   * @param data {@code <scheme>:<location>}; empty for what the model was trained on
   * @param settings what differs from the options that it was trained with, each {@code
   *     task.<option>=<value>}
   * @return the task
   * @throws UserException if the data is not there or does not fit the model, its classes or its
   *     scale are not those of the training, or a setting is of something else
   */
  public Task task(String data, List<String> settings) {
    RunConfig config = assembly.config();
    RunConfig other = data.isEmpty() ? config : config.withData(data);
    Optional<Path> tokenizer =
        folder == null ? run().flatMap(RunFolder::tokenizerFile) : folder.tokenizer();
    if (other.givesBytes() && (folder != null || tokenizer.isPresent())) {
      throw new UserException(
          other.data()
              + " gives bytes, but "
              + origin
              + " reads the tokens of its tokenizer; give tokens: in the place of text:");
    }
    boolean tokens =
        run().isPresent()
            && (trainingData().containsKey("tokenizer") || config.data().startsWith("words:"));
    if (tokens && tokenizer.isEmpty() && !other.data().equals(config.data())) {
      throw new UserException(
          origin
              + " has no tokenizer.json, as runs on "
              + config.data().substring(0, config.data().indexOf(':') + 1)
              + " keep one now, so that it is not known what its tokens are; evaluate it on "
              + config.data()
              + ", or train it again");
    }
    // Other text is cut into the tokens that the model knows, not into those of its own words.
    RunConfig tokenized = tokenizer.map(other::withTokenizer).orElse(other);
    for (String setting : settings) {
      String key = Configs.split(setting).getKey();
      if (!key.startsWith("task.")) {
        throw new UserException(
            "'" + setting + "' cannot be set here; only the task's options can: task.<option>");
      }
    }
    Task task = Assembly.of(papers, Configs.override(tokenized, settings)).task();
    requireSameMeaning(task);
    return task;
  }

  /** Class 1 of other data may be another class, and 1 on its scale another number. */
  private void requireSameMeaning(Task task) {
    Map<String, Object> before = trainingData();
    for (String key : MEANING) {
      Object now = task.description().get(key);
      Object then = before.get(key);
      // As text: a file may give back the class "1" as a number.
      if (now != null && then != null && !then.toString().equals(now.toString())) {
        throw new UserException(
            "the data has "
                + key.replace('_', ' ')
                + " "
                + shortened(now)
                + ", but the model was trained with "
                + shortened(then)
                + "; evaluate it on data of the same, or ask zoo predict about single inputs");
      }
    }
  }

  private static String shortened(Object value) {
    String text = value.toString();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...]";
  }

  /**
   * Evaluates the model.
   *
   * @param task the task
   * @param limit the most validation batches to take; 0 for all
   * @return the means
   */
  public Evaluation.Result evaluate(Task task, int limit) {
    return evaluate(task, limit, Taps.NONE);
  }

  /**
   * Evaluates the model while somebody listens at its taps.
   *
   * @param task what it is evaluated on
   * @param limit how many validation batches are taken; 0 for all
   * @param taps who listens
   * @return weighted means over all items
   */
  public Evaluation.Result evaluate(Task task, int limit, Taps taps) {
    return Evaluation.run(model, task, manager, limit, taps);
  }

  /**
   * The same, as long as somebody lets it go on.
   *
   * @param task what it is evaluated on
   * @param limit how many validation batches are taken; 0 for all
   * @param taps who listens
   * @param control is asked before each batch
   * @return weighted means over all items; empty if it was stopped
   */
  public Optional<Evaluation.Result> evaluate(
      Task task, int limit, Taps taps, Evaluation.Control control) {
    return Evaluation.runWhile(model, task, manager, limit, taps, control);
  }

  /**
   * The run's config.
   *
   * @return the resolved config
   */
  public RunConfig config() {
    return assembly.config();
  }

  /**
   * The architecture.
   *
   * @return its entry in the zoo
   */
  public ModelEntry<?> entry() {
    return assembly.preset().model();
  }

  /**
   * The model.
   *
   * @return the model, loaded
   */
  public ZooBlock model() {
    return model;
  }

  /**
   * The checkpoint that the weights are of.
   *
   * @return the checkpoint; empty if the weights come from elsewhere
   */
  public Optional<Checkpoints.Checkpoint> checkpoint() {
    return Optional.ofNullable(selection).map(RunFolder.Selection::checkpoint);
  }

  /**
   * Where the weights come from.
   *
   * @return the folder or file that was named
   */
  public String origin() {
    return origin;
  }

  /**
   * The folder with config, weights and tokenizer.
   *
   * @return empty if the weights come from elsewhere
   */
  public Optional<HuggingFaceFolder> folder() {
    return Optional.ofNullable(folder);
  }

  /**
   * The run that the weights are of.
   *
   * @return its folder; empty if they come from elsewhere
   */
  public Optional<RunFolder> run() {
    return Optional.ofNullable(selection).map(RunFolder.Selection::run);
  }

  /**
   * What the model was trained on, as its run remembers it.
   *
   * @return the description of the task; empty if there was no run
   */
  public Map<String, Object> trainingData() {
    Map<String, Object> found = new LinkedHashMap<>();
    if (selection != null && selection.run().provenance().get("data") instanceof Map<?, ?> data) {
      data.forEach((key, value) -> found.put(String.valueOf(key), value));
    }
    return found;
  }

  /**
   * What a user should know of the weights: what was taken off their names, what was passed over,
   * which checkpoint stands for one that is damaged.
   *
   * @return sentences without a full stop
   */
  public List<String> notes() {
    return notes;
  }

  /**
   * The manager that owns the model.
   *
   * @return on the model's device
   */
  public NDManager manager() {
    return manager;
  }

  /** Frees the model. */
  @Override
  public void close() {
    manager.close();
  }
}
