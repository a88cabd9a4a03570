package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.report.TensorBoardLog;
import org.attentionzoo.training.run.RunTrainer;
import org.attentionzoo.training.run.TrainingResult;
import org.attentionzoo.training.run.TrainingRun;
import picocli.CommandLine;

/**
 * Trains runs one after another, with a progress bar for each and the time that is left for all.
 * While it is open, Ctrl-C and SIGTERM let the present run save and begin no other.
 */
final class RunSeries implements RunTrainer, AutoCloseable {

  private final PrintWriter stderr;
  private final Interruption interruption;
  private volatile boolean stopped;
  private volatile TrainingRun current;
  private int trained;
  private long spent;

  RunSeries(PrintWriter stderr) {
    this.stderr = stderr;
    this.interruption = Interruption.asking(this::requestStop, stderr);
  }

  /**
   * A seed that counts twice would make the interval over seeds narrower than the runs are.
   *
   * @throws UserException if one is there twice, or none is there
   */
  static void requireDistinct(List<Long> seeds) {
    if (seeds.isEmpty()) {
      throw new UserException("--seeds was given without a seed; give some, as in --seeds 1,2,3");
    }
    Set<Long> seen = new HashSet<>();
    for (long seed : seeds) {
      if (!seen.add(seed)) {
        throw new UserException(
            "--seeds "
                + seeds.stream().map(String::valueOf).collect(Collectors.joining(","))
                + " was given; "
                + seed
                + " is there twice");
      }
    }
  }

  /** Says that the series can go on; beside JSON, not in its place. */
  static void tellThatItStopped(CommandLine command, boolean json) {
    PrintWriter out = json ? command.getErr() : command.getOut();
    out.println("stopped; the same command goes on");
    out.flush();
  }

  /** Whether the process was told to end. */
  boolean isStopped() {
    return stopped;
  }

  /** Between two runs, and while one is evaluated, there is no run that could be told to stop. */
  private void requestStop() {
    stopped = true;
    TrainingRun run = current;
    if (run != null) {
      run.requestStop();
    }
  }

  @Override
  public TrainingResult train(TrainingRun run, String arm, int number, int count) {
    String left =
        trained == 0
            ? ""
            : ", about "
                + ProgressDisplay.format(Duration.ofNanos(spent / trained * (count - number + 1)))
                + " left for all";
    stderr.printf(
        Locale.ROOT,
        "run %d of %d: %s, seed %d, %d steps%s%n",
        number,
        count,
        arm,
        run.config().seed(),
        run.config().steps(),
        left);
    stderr.flush();
    try (ProgressDisplay display = ProgressDisplay.on(stderr, run.task().item());
        TensorBoardLog tensorBoard =
            new TensorBoardLog(
                run.folder().path().resolve("tensorboard"), run.config().logEvery())) {
      run.addListener(display);
      run.addListener(tensorBoard);
      long begun = System.nanoTime();
      current = run;
      if (stopped) {
        run.requestStop();
      }
      TrainingResult result = run.train();
      spent += System.nanoTime() - begun;
      trained++;
      return result;
    } finally {
      current = null;
    }
  }

  @Override
  public void close() {
    interruption.close();
  }
}
