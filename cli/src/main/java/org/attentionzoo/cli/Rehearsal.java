package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.ImportedWeights;
import org.attentionzoo.training.run.ProcessMemory;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.RunFolder;
import org.attentionzoo.training.run.TrainingListener;
import org.attentionzoo.training.run.TrainingResult;
import org.attentionzoo.training.run.TrainingRun;

/**
 * The first steps of a run, one evaluation batch and one checkpoint, in a folder that is removed:
 * whether everything fits, and how long the whole would take.
 */
final class Rehearsal implements TrainingListener {

  private static final int STEPS = 8;

  /** The first ones compile kernels and take memory. */
  private static final int WARM_UP = 3;

  private final List<Double> steps = new ArrayList<>();
  private long last;
  private double saving;
  private long checkpointBytes;

  private Rehearsal() {}

  /**
   * Rehearses.
   *
   * @param config of the run, not of the rehearsal
   * @param weights what it begins with; null for nothing from elsewhere
   * @param out where the run would be
   * @return whether it came to its end
   * @throws UserException if the run could not be there
   */
  static boolean run(
      Papers papers,
      RunConfig config,
      ImportedWeights weights,
      Path out,
      PrintWriter stdout,
      PrintWriter stderr) {
    RunFolder.requireUnused(out);
    Path folder = folder(out);
    try {
      RunConfig brief =
          Configs.override(
              config,
              List.of(
                  "steps=" + Math.min(STEPS, config.steps()),
                  "evaluateEvery=0",
                  "checkpointEvery=0"));
      try (TrainingRun run = TrainingRun.start(papers, brief, folder, Map.of(), weights);
          Interruption ignored = Interruption.asking(run::requestStop, stderr)) {
        run.notes().forEach(stderr::println);
        Rehearsal rehearsal = new Rehearsal();
        run.addListener(rehearsal);
        TrainingResult result = run.train();
        if (result.finished()) {
          rehearsal.print(run, config, stdout);
        }
        return result.finished();
      }
    } finally {
      remove(folder);
    }
  }

  /** On the disk that the run would be on. */
  private static Path folder(Path out) {
    Path place = out.toAbsolutePath().getParent();
    while (place != null && !Files.isDirectory(place)) {
      place = place.getParent();
    }
    try {
      return Files.createTempDirectory(place, ".zoo-dry-run-");
    } catch (IOException e) {
      throw new UserException("cannot write to " + place + ": " + e, e);
    }
  }

  private static void remove(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UserException("cannot remove " + folder + ": " + e, e);
    }
  }

  @Override
  public void started(long step, long end) {
    last = System.nanoTime();
  }

  @Override
  public void stepped(Progress progress) {
    long now = System.nanoTime();
    steps.add((now - last) / 1e9);
    last = now;
  }

  @Override
  public void pausing() {
    last = System.nanoTime();
  }

  @Override
  public void saved(long step, Path folder) {
    saving = (System.nanoTime() - last) / 1e9;
    try (Stream<Path> files = Files.list(folder)) {
      checkpointBytes = files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void print(TrainingRun run, RunConfig config, PrintWriter out) {
    double step = median(steps.subList(Math.min(WARM_UP, steps.size() - 1), steps.size()));
    Evaluation.run(run.model(), run.task(), run.manager(), 1);
    long start = System.nanoTime();
    Evaluation.run(run.model(), run.task(), run.manager(), 1);
    int all = run.task().source().validationBatches();
    int each = config.evaluateBatches() == 0 ? all : Math.min(all, config.evaluateBatches());
    double evaluation = (System.nanoTime() - start) / 1e9 * each;
    long evaluations = times(config.steps(), config.evaluateEvery());
    long checkpoints = times(config.steps(), config.checkpointEvery());
    double whole = config.steps() * step + evaluations * evaluation + checkpoints * saving;
    Table table = new Table();
    table.row(
        "parameters", String.format(Locale.ROOT, "%,d", StateDict.countTrainable(run.model())));
    table.row(
        "a step",
        String.format(
            Locale.ROOT,
            "%s, %,.0f %s a second",
            seconds(step),
            run.task().itemsPerBatch() * config.accumulate() / step,
            run.task().item()));
    table.row(
        "an evaluation",
        String.format(
            Locale.ROOT, "%s for %d batches, %d in all", seconds(evaluation), each, evaluations));
    table.row(
        "a checkpoint",
        String.format(
            Locale.ROOT,
            "%s, %.1f MB; at most %d are kept",
            seconds(saving),
            checkpointBytes / 1e6,
            config.keep() + 1));
    table.row(
        config.steps() + " steps",
        "about " + ProgressDisplay.format(Duration.ofMillis(Math.round(1000 * whole))));
    ProcessMemory.peak()
        .ifPresent(
            bytes -> table.row("memory", String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)));
    out.printf(
        Locale.ROOT,
        "%s on %s, by its first %d steps%n",
        config.model(),
        config.data(),
        steps.size());
    table.print(out, "  ");
    out.println("nothing of it is kept");
    out.flush();
  }

  /** How often something happens that is also due at the end. */
  private static long times(long steps, int every) {
    return every == 0 ? 1 : (steps + every - 1) / every;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }

  private static String seconds(double value) {
    return value < 1
        ? String.format(Locale.ROOT, "%.1f ms", 1000 * value)
        : String.format(Locale.ROOT, "%.1f s", value);
  }
}
