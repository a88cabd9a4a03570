package org.attentionzoo.eval.profile;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.TrainingListener;

/**
 * Records a few steps of a training run that follow each other, after those in which kernels are
 * compiled where the run has more. Nothing but steps: fewer than wanted if the run evaluates or
 * saves too often.
 *
 * <p>For the thread that trains. Closing ends a recording that the run's end cut short.
 */
public final class StepProfiler implements TrainingListener, AutoCloseable {

  private static final long SKIPPED = 4;
  private static final long RECORDED = 3;

  /** How far from its beginning a run is searched for steps without a pause. */
  private static final long SEARCHED = 10_000;

  private final Path file;
  private final int[] pauses;
  private Profiler profiler;
  private long first = -1;
  private long wanted;
  private long recorded;

  /**
   * Prepares a recording.
   *
   * @param file the trace to write, in the Chrome format
   * @param pauses after how many steps each the run does something else, such as an evaluation; 0
   *     for what it does at its end only
   */
  public StepProfiler(Path file, int... pauses) {
    this.file = file;
    this.pauses = pauses.clone();
  }

  /** {@inheritDoc} */
  @Override
  public void started(long step, long steps) {
    for (wanted = Math.min(RECORDED, steps - step); wanted > 0; wanted--) {
      OptionalLong found = find(step, steps);
      if (found.isPresent()) {
        first = found.getAsLong();
        break;
      }
    }
    if (first == step) {
      profiler = Profiler.start(file);
    }
  }

  /** After which step as many as wanted come without a pause: late enough rather than early. */
  private OptionalLong find(long step, long steps) {
    long last = Math.min(steps - wanted, step + SEARCHED);
    LongStream late = LongStream.rangeClosed(step + SKIPPED, last);
    long before = Math.min(step + SKIPPED - 1, last);
    LongStream early = LongStream.rangeClosed(step, before).map(s -> before - (s - step));
    return LongStream.concat(late, early).filter(s -> isUnbroken(step, s)).findFirst();
  }

  /** A pause after the last of the steps does no harm, nor one before the run began. */
  private boolean isUnbroken(long begin, long step) {
    return LongStream.range(step, step + wanted)
        .filter(s -> s > begin)
        .noneMatch(s -> Arrays.stream(pauses).anyMatch(every -> every > 0 && s % every == 0));
  }

  /** {@inheritDoc} */
  @Override
  public void stepped(Progress progress) {
    if (profiler != null) {
      recorded++;
      if (recorded == wanted) {
        close();
      }
    } else if (recorded == 0 && progress.step() == first) {
      profiler = Profiler.start(file);
    }
  }

  /** {@inheritDoc} */
  @Override
  public void pausing() {
    close();
  }

  /**
   * How many steps the trace holds.
   *
   * @return the number
   */
  public long steps() {
    return recorded;
  }

  /**
   * What was recorded.
   *
   * @return the trace; empty if no step was
   */
  public Optional<Trace> trace() {
    close();
    return recorded == 0 ? Optional.empty() : Optional.of(Trace.read(file));
  }

  /** Ends the recording. */
  @Override
  public void close() {
    if (profiler != null) {
      profiler.close();
      profiler = null;
    }
  }
}
