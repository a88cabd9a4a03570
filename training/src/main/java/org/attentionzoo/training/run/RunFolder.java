package org.attentionzoo.training.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.FileTree;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.models.Configs;

/**
 * The folder that records a run:
 *
 * <ul>
 *   <li>{@code config.yaml}: the resolved config, with nothing left to defaults, and under {@code
 *       provenance} what else is needed to tell what was run
 *   <li>{@code metrics.jsonl}: a line for each logged step and each evaluation; the same in every
 *       run of the same config
 *   <li>{@code timing.jsonl}: how fast it went
 *   <li>{@code tokenizer.json}: what made the tokens, where the data is text that is no bytes
 *   <li>{@code checkpoints}: see {@link Checkpoints}
 * </ul>
 *
 * <p>Immutable; the files are for one process at a time, see {@link #lock}.
 */
public final class RunFolder {

  private static final String CONFIG = "config.yaml";
  private static final String METRICS = "metrics.jsonl";
  private static final String CHECKPOINTS = "checkpoints";
  private static final String PROVENANCE = "provenance";
  private static final String TOKENIZER = "tokenizer.json";

  private final Path path;
  private final RunConfig config;
  private final Map<String, Object> provenance;

  private RunFolder(Path path, RunConfig config, Map<String, Object> provenance) {
    this.path = path;
    this.config = config;
    this.provenance = provenance;
  }

  /** Keeps other processes out until closed. */
  public interface Lock extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /**
   * Makes the folder of a new run.
   *
   * @param path the folder; made if it is missing
   * @param config the resolved config
   * @param provenance what else is needed to tell what was run
   * @return the folder
   * @throws UserException if it holds a run already or cannot be written
   */
  public static RunFolder create(Path path, RunConfig config, Map<String, Object> provenance) {
    requireUnused(path);
    RunFolder folder = new RunFolder(path, config, provenance);
    try {
      Files.createDirectories(path);
      // With both files it is seen to be a run folder, which data that is text passes over.
      if (!Files.exists(folder.metricsFile())) {
        Files.createFile(folder.metricsFile());
      }
      folder.writeConfig();
    } catch (IOException e) {
      throw new UserException("cannot write to " + path + ": " + e, e);
    }
    return folder;
  }

  /**
   * Checks that a new run may use a folder.
   *
   * @param path the folder, which need not exist
   * @throws UserException if it holds a run already or is a file
   */
  public static void requireUnused(Path path) {
    // Without a config no run has begun, though a full disk may have left an empty file of metrics.
    boolean measured = path.resolve(METRICS).toFile().length() > 0;
    if (measured
        || Stream.of(CONFIG, CHECKPOINTS).anyMatch(name -> Files.exists(path.resolve(name)))) {
      throw new UserException(
          path + " already holds a run; resume it, or give another folder for the new one");
    }
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new UserException(path + " is a file; give a folder for the run");
    }
  }

  /**
   * Opens the folder of an earlier run.
   *
   * @param path the folder
   * @return the folder
   * @throws UserException if it is none
   */
  public static RunFolder open(Path path) {
    Path file = path.resolve(CONFIG);
    if (!Files.isRegularFile(file)) {
      throw new UserException(
          path
              + (Files.exists(path)
                  ? " is no run folder: it has no " + CONFIG
                  : " does not exist; give the folder of an earlier run"));
    }
    Map<String, Object> values;
    try {
      values = Recipes.readYaml(file);
    } catch (UserException e) {
      throw new UserException(
          "damaged: " + e.getMessage() + "; restore the file, or start a new run", e);
    }
    Object provenance = values.remove(PROVENANCE);
    if (provenance == null) {
      throw new UserException(
          file
              + " is damaged: it ends before '"
              + PROVENANCE
              + "'; restore it, or start a new run");
    }
    Map<String, Object> copy = new LinkedHashMap<>();
    if (provenance instanceof Map<?, ?> map) {
      map.forEach((key, value) -> copy.put(key.toString(), value));
    }
    return new RunFolder(path, Recipes.fromMap(values, file.toString()), copy);
  }

  /**
   * A run and one of its checkpoints.
   *
   * @param notes what a user should know of the choice
   */
  record Selection(RunFolder run, Checkpoints.Checkpoint checkpoint, List<String> notes) {}

  /**
   * What a folder means to those who want a trained model.
   *
   * @param folder a run folder, which means its best checkpoint (the newest if none was evaluated),
   *     or the folder of one of its checkpoints
   * @throws UserException if it is neither, or holds no checkpoint that is whole
   */
  static Selection select(Path folder) {
    boolean single = Files.isRegularFile(folder.resolve(Checkpoints.STATE));
    RunFolder run = open(single ? folder.toAbsolutePath().getParent().getParent() : folder);
    Checkpoints.Checkpoint checkpoint =
        (single ? Checkpoints.at(folder) : run.checkpoints().best())
            .orElseThrow(
                () ->
                    new UserException(
                        folder
                            + (single
                                ? " is damaged: its files are not the ones that were saved"
                                : " has no checkpoint that is whole; train it first")));
    return new Selection(run, checkpoint, single ? List.of() : run.passedOver(checkpoint));
  }

  /** Why a checkpoint was taken that is neither the best nor the newest. */
  private List<String> passedOver(Checkpoints.Checkpoint taken) {
    List<String> notes = new ArrayList<>();
    Checkpoints.Checkpoint newest = checkpoints().newest().orElse(taken);
    checkpoints()
        .after(newest.state().step())
        .forEach(path -> notes.add(path + " is damaged, and is passed over"));
    Long best = newest.state().bestStep();
    if (best != null && best != taken.state().step()) {
      notes.add(
          "the best checkpoint, of step "
              + best
              + ", is damaged or gone; the newest that is whole, of step "
              + taken.state().step()
              + ", is taken");
    }
    return notes;
  }

  /**
   * The same folder with another config and provenance, which are not written yet.
   *
   * @param changed the config
   * @param origin what else is needed to tell what was run
   * @return a new folder object
   */
  RunFolder with(RunConfig changed, Map<String, Object> origin) {
    return new RunFolder(path, changed, origin);
  }

  /**
   * Writes the config; only who holds the lock, or made the folder, may.
   *
   * @throws IOException if it cannot be written
   */
  void writeConfig() throws IOException {
    Map<String, Object> tree = new LinkedHashMap<>(Configs.toMap(config));
    tree.put(PROVENANCE, provenance);
    AtomicFile.write(path.resolve(CONFIG), Configs.toYaml(tree));
  }

  /**
   * Keeps what makes the tokens, so that the model can be asked when the data is gone.
   *
   * @param tokenizer the tokenizer of the data
   * @throws UserException if it cannot be written
   */
  void write(TextTokenizer tokenizer) {
    try {
      tokenizer.save(path.resolve(TOKENIZER));
    } catch (IOException e) {
      throw new UserException("cannot write to " + path + ": " + e, e);
    }
  }

  /**
   * What makes the model's tokens of text.
   *
   * @return a {@code tokenizer.json}; empty if the data was no text, or bytes
   */
  public Optional<Path> tokenizerFile() {
    return Optional.of(path.resolve(TOKENIZER)).filter(Files::isRegularFile);
  }

  /**
   * Keeps other processes from training in this folder.
   *
   * @return to be closed when done; ends with the process in any case
   * @throws UserException if another one does
   * @throws IOException if the lock cannot be written
   */
  Lock lock() throws IOException {
    FileChannel channel =
        FileChannel.open(
            path.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by another thread of this process: reported below like any other holder.
      lock = null;
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
    if (lock == null) {
      throw new UserException(
          "another process is training in " + path + "; wait for it, or give another folder");
    }
    return channel::close;
  }

  /**
   * Removes a run that is not worth keeping.
   *
   * @throws UserException if another process trains in it, or it cannot be removed
   */
  public void discard() {
    try (Lock ignored = lock()) {
      FileTree.delete(path);
    } catch (IOException e) {
      throw new UserException("cannot remove " + path + ": " + e, e);
    }
  }

  /**
   * Where it is.
   *
   * @return the path as it was given
   */
  public Path path() {
    return path;
  }

  /**
   * What the run is.
   *
   * @return the resolved config
   */
  public RunConfig config() {
    return config;
  }

  /**
   * What else is needed to tell what was run.
   *
   * @return versions, data, command and so on
   */
  public Map<String, Object> provenance() {
    return new LinkedHashMap<>(provenance);
  }

  /**
   * The metrics.
   *
   * @return the file
   */
  public Path metricsFile() {
    return path.resolve(METRICS);
  }

  /**
   * The pace.
   *
   * @return the file, which need not exist
   */
  public Path timingFile() {
    return path.resolve("timing.jsonl");
  }

  /**
   * The checkpoints.
   *
   * @return possibly none
   */
  public Checkpoints checkpoints() {
    return new Checkpoints(path.resolve(CHECKPOINTS));
  }
}
