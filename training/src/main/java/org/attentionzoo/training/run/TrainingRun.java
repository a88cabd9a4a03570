package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.text.Tokenized;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.Task;

/**
 * A training run from its config: model, task, device, folder and loop.
 *
 * <p>For one thread, but for {@link #requestStop}. Closing frees the model.
 */
public final class TrainingRun implements AutoCloseable {

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  /** What may change in a run that goes on; everything else decides what was done already. */
  private static final Set<String> CHANGEABLE =
      new TreeSet<>(
          Set.of(
              "steps",
              "device",
              "allowSlowPrecision",
              "gradientCheckpointing",
              "prefetch",
              "logEvery",
              "evaluateEvery",
              "evaluateBatches",
              "checkpointEvery",
              "keep"));

  private final Assembly assembly;
  private final NDManager manager;
  private final ZooBlock model;
  private final RunFolder folder;
  private final TrainingLoop loop;
  private final List<String> notes;

  private TrainingRun(
      Assembly assembly, NDManager manager, ZooBlock model, RunFolder folder, List<String> notes) {
    this.assembly = assembly;
    this.manager = manager;
    this.model = model;
    this.folder = folder;
    this.notes = List.copyOf(notes);
    this.loop = new TrainingLoop(assembly.config(), model, assembly.task(), folder);
  }

  /**
   * The folder of a run for which none was named.
   *
   * @param config the config
   * @return {@code runs/<model>-<date>-<time>} in the working folder
   */
  public static Path defaultFolder(RunConfig config) {
    return Path.of("runs", config.model() + "-" + LocalDateTime.now().format(TIME));
  }

  /**
   * Prepares a new run: checks everything, draws the initial weights (or takes those that {@code
   * initialFrom} names) and makes the folder.
   *
   * @param papers the zoo
   * @param config the config
   * @param folder the run's folder
   * @param provenance what the caller knows of the run's origin, for example {@code command}
   * @return the run; {@link #train} starts it
   * @throws UserException if model, data, device or folder are not there or do not fit
   */
  public static TrainingRun start(
      Papers papers, RunConfig config, Path folder, Map<String, Object> provenance) {
    return start(papers, config, folder, provenance, null);
  }

  /**
   * Prepares a new run that begins with weights from elsewhere.
   *
   * @param papers the zoo
   * @param config the config
   * @param folder the run's folder
   * @param provenance what the caller knows of the run's origin, for example {@code command}
   * @param weights the weights; null for initial ones. They are not looked for again when the run
   *     goes on from a checkpoint
   * @return the run; {@link #train} starts it
   * @throws UserException if model, data, device, folder or weights are not there or do not fit
   */
  public static TrainingRun start(
      Papers papers,
      RunConfig config,
      Path folder,
      Map<String, Object> provenance,
      ImportedWeights weights) {
    config.requireSuitable();
    config.requireFallingRate();
    RunFolder.requireUnused(folder);
    if (weights != null && config.initialFrom().isPresent()) {
      throw new UserException(
          "weights were given twice, by "
              + weights.path()
              + " and by initialFrom="
              + config.initialFrom().get()
              + "; keep one");
    }
    NDManager manager = Devices.manager(Devices.find(config.device()));
    return closingOnFailure(
        manager,
        () -> {
          Optional<Beginning> beginning = beginning(papers, config);
          Assembly assembly = Assembly.of(papers, beginning.map(b -> b.fit(config)).orElse(config));
          ZooBlock model = assembly.build();
          TrainingLoop.initialize(model, manager, config.seed());
          Map<String, Object> origin = new LinkedHashMap<>(provenance);
          List<String> notes = new ArrayList<>();
          beginning.ifPresent(
              b -> {
                b.weights().load(model, manager);
                notes.addAll(b.notes());
                origin.put("initial", b.description());
              });
          if (weights != null) {
            origin.put("weights", weights.path().toString());
            notes.addAll(weights.load(model, manager));
            origin.put("weights_notes", List.copyOf(notes));
          }
          // What does not fit is found before there is a folder that could not be used again.
          assembly.config().optimizer().create(model).close();
          RunFolder made =
              RunFolder.create(
                  folder, assembly.config(), Provenance.collect(origin, assembly.task(), manager));
          if (assembly.task().source() instanceof Tokenized text) {
            made.write(text.tokenizer());
          }
          return new TrainingRun(assembly, manager, model, made, notes);
        });
  }

  /**
   * Prepares to go on with an earlier run from its newest checkpoint that is whole (from the start
   * if it has none).
   *
   * @param papers the zoo
   * @param folder the run's folder
   * @param overrides changes, each {@code key=value}, of what does not decide the steps done
   *     already; more {@code steps} change a schedule that depends on them
   * @return the run; {@link #train} starts it
   * @throws UserException if the folder holds no run, or something of it is no longer there
   */
  public static TrainingRun resume(Papers papers, Path folder, List<String> overrides) {
    RunFolder opened = RunFolder.open(folder);
    for (String assignment : overrides) {
      String key = Configs.split(assignment).getKey();
      if (!CHANGEABLE.contains(key)) {
        throw new UserException(
            "'"
                + key
                + "' cannot change in a run that goes on"
                + NearestName.suggestion(key, CHANGEABLE)
                + "; what can: "
                + String.join(", ", CHANGEABLE));
      }
    }
    RunConfig changed = Recipes.override(opened.config(), overrides);
    changed.requireSuitable();
    // What made the tokens so far; the file that was named may be another by now.
    RunConfig config =
        opened
            .tokenizerFile()
            .filter(kept -> changed.namesTokenizer())
            .map(changed::withTokenizer)
            .orElse(changed);
    NDManager manager = Devices.manager(Devices.find(config.device()));
    return closingOnFailure(
        manager,
        () -> {
          Assembly assembly = Assembly.of(papers, config);
          requireSameData(opened, assembly.task());
          ZooBlock model = assembly.build();
          TrainingLoop.initialize(model, manager, config.seed());
          Optional<Checkpoints.Checkpoint> newest = opened.checkpoints().newest();
          if (newest.isEmpty()) {
            beginning(papers, config).ifPresent(b -> b.weights().load(model, manager));
          }
          Map<String, Object> before = opened.provenance();
          long step = newest.map(c -> c.state().step()).orElse(0L);
          Map<String, Object> changes =
              step == config.steps() ? Map.of() : Provenance.changes(before, manager);
          return new TrainingRun(
              assembly,
              manager,
              model,
              opened.with(assembly.config(), Provenance.resumed(before, changes, step)),
              Provenance.notes(before, changes));
        });
  }

  private static Optional<Beginning> beginning(Papers papers, RunConfig config) {
    return config
        .initialFrom()
        .map(folder -> Beginning.of(papers, Path.of(folder), papers.preset(config.model())));
  }

  private static void requireSameData(RunFolder folder, Task task) {
    Object before =
        folder.provenance().get("data") instanceof Map<?, ?> data ? data.get("sha256") : null;
    Object now = task.description().get("sha256");
    if (before != null && !before.equals(now)) {
      throw new UserException(
          "the data "
              + folder.config().data()
              + " has changed since "
              + folder.path()
              + " was started (sha256 "
              + before
              + ", now "
              + now
              + "); restore it, or start a new run");
    }
  }

  private static TrainingRun closingOnFailure(
      NDManager manager, Supplier<TrainingRun> preparation) {
    boolean done = false;
    try {
      TrainingRun run = preparation.get();
      done = true;
      return run;
    } finally {
      if (!done) {
        manager.close();
      }
    }
  }

  /**
   * Trains to the end, or until {@link #requestStop}.
   *
   * @return how it ended
   * @throws NotFiniteException if the loss, the gradients or the weights are NaN or infinite
   * @throws UserException if the folder cannot be written
   */
  public TrainingResult train() {
    return loop.run(manager);
  }

  /** Asks the run to finish its step, save and return; may be called by any thread. */
  public void requestStop() {
    loop.requestStop();
  }

  /**
   * Adds a listener.
   *
   * @param listener is told what happens
   */
  public void addListener(TrainingListener listener) {
    loop.addListener(listener);
  }

  /**
   * Evaluates the model as it is on the whole validation part.
   *
   * @return the means
   */
  public Evaluation.Result evaluate() {
    return Evaluation.run(model, task(), manager, 0);
  }

  /**
   * The config.
   *
   * @return resolved: nothing is left to defaults
   */
  public RunConfig config() {
    return assembly.config();
  }

  /**
   * The task.
   *
   * @return the task
   */
  public Task task() {
    return assembly.task();
  }

  /**
   * The model.
   *
   * @return the model; after {@link #train} with the weights of the last step, or their average if
   *     the config asks for one
   */
  public ZooBlock model() {
    return model;
  }

  /**
   * What a user should know of the weights that the run begins with, as {@link TrainedModel#notes},
   * or, of a run that goes on, of what is no longer as it was and decides its bits.
   *
   * @return sentences without a full stop
   */
  public List<String> notes() {
    return notes;
  }

  /**
   * The manager that owns the model.
   *
   * @return its device is the run's
   */
  public NDManager manager() {
    return manager;
  }

  /**
   * The folder.
   *
   * @return the run's folder
   */
  public RunFolder folder() {
    return folder;
  }

  /** Frees the model. */
  @Override
  public void close() {
    manager.close();
  }
}
