package org.attentionzoo.training.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.FileTree;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.attentionzoo.models.weights.StateDictLoader;

/**
 * The checkpoints of a run: folders {@code step-<number>}, each with the weights ({@code
 * model.safetensors}), the optimizer's state ({@code optimizer.safetensors}) and {@code
 * checkpoint.json}, which holds the step and the sizes and checksums of the others. Where weights
 * are averaged, {@code model.safetensors} holds the average and {@code unaveraged.safetensors} the
 * weights that training goes on with.
 *
 * <p>A checkpoint is written to a hidden folder, forced to disk and then renamed, so that a process
 * killed at any moment leaves the earlier ones as they were. Which is the newest is found by
 * looking at what is there and whole; no pointer can go stale.
 *
 * <p>For one thread, and one process at a time.
 */
public final class Checkpoints {

  static final String MODEL = "model.safetensors";
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String UNAVERAGED = "unaveraged.safetensors";
  static final String STATE = "checkpoint.json";

  private static final int FORMAT = 1;
  private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;

  /**
   * What a run has to know beside tensors to go on.
   *
   * @param format the version of the checkpoint's layout
   * @param step how many steps are done
   * @param seed the run's seed
   * @param validationLoss the loss of the evaluation after this step; null if there was none
   * @param evaluationDue whether the run was to evaluate after this step and has not
   * @param bestStep the step of the best evaluation so far; null if there was none
   * @param bestLoss its loss; null if there was none
   * @param metrics shows whether the metrics are those that the run had written by then; null if it
   *     had none
   * @param files the other files by name
   */
  public record State(
      int format,
      long step,
      long seed,
      Double validationLoss,
      boolean evaluationDue,
      Long bestStep,
      Double bestLoss,
      Stamp metrics,
      Map<String, Stamp> files) {

    /** A state whose checkpoint is not written yet. */
    State(
        long step,
        long seed,
        Double validationLoss,
        boolean evaluationDue,
        Long bestStep,
        Double bestLoss,
        Stamp metrics) {
      this(
          FORMAT, step, seed, validationLoss, evaluationDue, bestStep, bestLoss, metrics, Map.of());
    }

    private State with(Map<String, Stamp> written) {
      return new State(
          format, step, seed, validationLoss, evaluationDue, bestStep, bestLoss, metrics, written);
    }
  }

  /**
   * What shows that a file is whole.
   *
   * @param bytes its length
   * @param crc32c its checksum
   */
  public record Stamp(long bytes, long crc32c) {}

  /**
   * A checkpoint that is whole.
   *
   * @param folder where it is
   * @param state what it says of itself
   */
  public record Checkpoint(Path folder, State state) {

    /**
     * The weights.
     *
     * @return a safetensors file with the names of the model's state dict
     */
    public Path weights() {
      return folder.resolve(MODEL);
    }

    /**
     * The optimizer's state.
     *
     * @return a safetensors file
     */
    public Path optimizer() {
      return folder.resolve(OPTIMIZER);
    }

    /**
     * Loads the weights that training goes on with, which differ from {@link #weights} if these are
     * an average.
     *
     * @param model the model
     * @param manager owns the weights of a model that is not yet initialised
     * @throws org.attentionzoo.models.weights.WeightsException if they do not fit
     */
    void loadTrainingWeights(Block model, NDManager manager) {
      load(
          state.files().containsKey(UNAVERAGED) ? folder.resolve(UNAVERAGED) : weights(),
          model,
          manager);
    }

    /**
     * Loads the weights into a model.
     *
     * @param model the model
     * @param manager owns the weights of a model that is not yet initialised
     * @throws org.attentionzoo.models.weights.WeightsException if they do not fit
     */
    public void loadWeights(Block model, NDManager manager) {
      load(weights(), model, manager);
    }

    private static void load(Path weights, Block model, NDManager manager) {
      try (SafetensorsFile file = SafetensorsFile.open(weights)) {
        StateDictLoader.strict().load(model, manager, file);
      }
    }
  }

  /**
   * Names the folder of checkpoints; it need not exist.
   *
   * @param folder the folder
   */
  public Checkpoints(Path folder) {
    this.folder = folder;
  }

  /**
   * The checkpoint in a folder.
   *
   * @param checkpoint its folder
   * @return the checkpoint; empty if it is none or not whole
   * @throws UncheckedIOException if a file is there but cannot be read, which says nothing of what
   *     it holds
   */
  public static Optional<Checkpoint> at(Path checkpoint) {
    return read(checkpoint).filter(Checkpoints::isWhole);
  }

  /**
   * Saves a checkpoint.
   *
   * @param state what to remember; its files are filled in
   * @param tensors what each file holds, by name; at least {@link #MODEL} and {@link #OPTIMIZER}
   * @return the checkpoint
   * @throws IOException if it cannot be written; the earlier ones are as they were
   */
  Checkpoint save(State state, Map<String, Map<String, NDArray>> tensors) throws IOException {
    Files.createDirectories(folder);
    Path target = folder.resolve(String.format(Locale.ROOT, "step-%08d", state.step()));
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.createDirectory(temporary);
      Map<String, String> metadata = Map.of("step", Long.toString(state.step()));
      Map<String, Stamp> files = new LinkedHashMap<>();
      for (Map.Entry<String, Map<String, NDArray>> file : tensors.entrySet()) {
        Path path = temporary.resolve(file.getKey());
        SafetensorsWriter.write(path, file.getValue(), metadata);
        files.put(file.getKey(), stamp(path));
      }
      State complete = state.with(files);
      AtomicFile.write(
          temporary.resolve(STATE),
          JSON.writerWithDefaultPrettyPrinter().writeValueAsString(complete) + "\n");
      if (Files.exists(target)) {
        remove(target);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      force(folder);
      return new Checkpoint(target, complete);
    } finally {
      if (Files.exists(temporary)) {
        FileTree.delete(temporary);
      }
    }
  }

  /**
   * The newest checkpoint that is whole.
   *
   * @return the one with the highest step whose files have the lengths and checksums they had when
   *     they were written; empty if there is none
   */
  public Optional<Checkpoint> newest() {
    return byStep().descendingMap().values().stream()
        .flatMap(path -> at(path).stream())
        .findFirst();
  }

  /**
   * The checkpoints after a step, whole or not.
   *
   * @param step the step
   * @return their folders
   */
  List<Path> after(long step) {
    return List.copyOf(byStep().tailMap(step, false).values());
  }

  /**
   * The checkpoint of the best evaluation.
   *
   * @return as the newest one says, if it is there and whole; else the newest
   */
  public Optional<Checkpoint> best() {
    Optional<Checkpoint> newest = newest();
    return newest
        .map(c -> c.state().bestStep())
        .flatMap(step -> Optional.ofNullable(byStep().get(step)))
        .flatMap(Checkpoints::at)
        .or(() -> newest);
  }

  /**
   * Deletes all but the newest and the best.
   *
   * @param keep how many of the newest to keep
   * @param bestStep the step of the best; null if there is none
   * @throws IOException if something cannot be deleted
   */
  void prune(int keep, Long bestStep) throws IOException {
    List<Map.Entry<Long, Path>> all = new ArrayList<>(byStep().entrySet());
    for (int i = 0; i < all.size() - keep; i++) {
      if (!all.get(i).getKey().equals(bestStep)) {
        remove(all.get(i).getValue());
      }
    }
  }

  /**
   * Deletes what an interrupted process left half done, and checkpoints after a step.
   *
   * @param step the step that the run goes on from
   * @throws IOException if something cannot be deleted
   */
  void clean(long step) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    for (Map.Entry<Long, Path> entry : byStep().entrySet()) {
      if (entry.getKey() > step) {
        remove(entry.getValue());
      }
    }
    List<Path> leftovers;
    try (Stream<Path> entries = Files.list(folder)) {
      leftovers =
          entries.filter(p -> p.getFileName().toString().matches("\\.step-.*\\.tmp")).toList();
    }
    for (Path leftover : leftovers) {
      FileTree.delete(leftover);
    }
  }

  private TreeMap<Long, Path> byStep() {
    TreeMap<Long, Path> found = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return found;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      entries.forEach(
          path -> {
            Matcher matcher = NAME.matcher(path.getFileName().toString());
            if (matcher.matches() && Files.isDirectory(path)) {
              found.put(Long.parseLong(matcher.group(1)), path);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static Optional<Checkpoint> read(Path path) {
    try {
      State state = JSON.readValue(Files.readString(path.resolve(STATE)), State.class);
      boolean known =
          state != null
              && state.format() == FORMAT
              && state.files() != null
              && state.files().keySet().containsAll(List.of(MODEL, OPTIMIZER))
              && isOfStep(path, state.step());
      return known ? Optional.of(new Checkpoint(path, state)) : Optional.empty();
    } catch (JsonProcessingException | CharacterCodingException | NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy elsewhere may have a name that says nothing. */
  private static boolean isOfStep(Path path, long step) {
    Matcher matcher = NAME.matcher(path.toAbsolutePath().getFileName().toString());
    return !matcher.matches() || Long.parseLong(matcher.group(1)) == step;
  }

  private static boolean isWhole(Checkpoint checkpoint) {
    for (Map.Entry<String, Stamp> file : checkpoint.state().files().entrySet()) {
      Path path = checkpoint.folder().resolve(file.getKey());
      try {
        if (Files.size(path) != file.getValue().bytes() || !stamp(path).equals(file.getValue())) {
          return false;
        }
      } catch (NoSuchFileException e) {
        return false;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return true;
  }

  /** What the content of a file is now. */
  static Stamp stamp(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    byte[] buffer = new byte[1 << 16];
    long bytes = 0;
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
        bytes += n;
      }
    }
    return new Stamp(bytes, crc.getValue());
  }

  /** Makes a checkpoint invisible in one step before its files go one by one. */
  private static void remove(Path path) throws IOException {
    Path hidden = path.resolveSibling("." + path.getFileName() + "." + UUID.randomUUID() + ".tmp");
    Files.move(path, hidden, StandardCopyOption.ATOMIC_MOVE);
    FileTree.delete(hidden);
  }

  private static void force(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Some systems cannot open folders; the rename has happened all the same.
      return;
    }
  }
}
