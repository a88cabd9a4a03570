package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.Task;

/**
 * A model with the weights of a run, to evaluate or to use.
 *
 * <p>For one thread. Closing frees the model.
 */
public final class TrainedModel implements AutoCloseable {

  private final Papers papers;
  private final Assembly assembly;
  private final NDManager manager;
  private final ZooBlock model;
  private final Checkpoints.Checkpoint checkpoint;

  private TrainedModel(
      Papers papers,
      Assembly assembly,
      NDManager manager,
      ZooBlock model,
      Checkpoints.Checkpoint checkpoint) {
    this.papers = papers;
    this.assembly = assembly;
    this.manager = manager;
    this.model = model;
    this.checkpoint = checkpoint;
  }

  /**
   * Loads the model of a run; the data it was trained on need not be there.
   *
   * @param papers the zoo
   * @param folder a run folder, which means its best checkpoint (the newest if none was evaluated),
   *     or the folder of one of its checkpoints
   * @param device {@code cpu}, {@code gpu} or {@code gpu:<number>}
   * @return the model
   * @throws UserException if the folder is neither or holds no checkpoint that is whole
   */
  public static TrainedModel load(Papers papers, Path folder, String device) {
    boolean single = Files.isRegularFile(folder.resolve(Checkpoints.STATE));
    Path run = single ? folder.toAbsolutePath().getParent().getParent() : folder;
    RunFolder opened = RunFolder.open(run);
    Checkpoints.Checkpoint checkpoint =
        (single ? Checkpoints.at(folder) : opened.checkpoints().best())
            .orElseThrow(
                () ->
                    new UserException(
                        folder
                            + (single
                                ? " is damaged: its files are not the ones that were saved"
                                : " has no checkpoint that is whole; train it first")));
    NDManager manager = Devices.manager(Devices.find(device));
    boolean done = false;
    try {
      Assembly assembly = Assembly.ofModel(papers, opened.config());
      ZooBlock model = assembly.build();
      checkpoint.loadWeights(model, manager);
      TrainedModel loaded = new TrainedModel(papers, assembly, manager, model, checkpoint);
      done = true;
      return loaded;
    } finally {
      if (!done) {
        manager.close();
      }
    }
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
   * @throws UserException if the data is not there or does not fit the model, or a setting is of
   *     something else
   */
  public Task task(String data, List<String> settings) {
    RunConfig config = assembly.config();
    RunConfig other = data.isEmpty() ? config : config.withData(data);
    for (String setting : settings) {
      String key = Configs.split(setting).getKey();
      if (!key.startsWith("task.")) {
        throw new UserException(
            "'" + setting + "' cannot be set here; only the task's options can: task.<option>");
      }
    }
    return Assembly.of(papers, Configs.override(other, settings)).task();
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
   * Where the weights come from.
   *
   * @return the checkpoint
   */
  public Checkpoints.Checkpoint checkpoint() {
    return checkpoint;
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
