package org.attentionzoo.eval.profile;

import java.nio.file.Path;
import java.util.Optional;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.TrainingListener;

/**
 * Records a few steps of a training run, after those in which kernels are compiled.
 *
 * <p>For the thread that trains. Closing ends a recording that the run's end cut short.
 */
public final class StepProfiler implements TrainingListener, AutoCloseable {

  private static final long SKIPPED = 4;
  private static final long RECORDED = 3;

  private final Path file;
  private Profiler profiler;
  private long first;
  private long recorded;

  /**
   * Prepares a recording.
   *
   * @param file the trace to write, in the Chrome format
   */
  public StepProfiler(Path file) {
    this.file = file;
  }

  /** {@inheritDoc} */
  @Override
  public void started(long step, long steps) {
    first = step + Math.min(SKIPPED, Math.max(0, steps - step - 1));
    if (first == step) {
      profiler = Profiler.start(file);
    }
  }

  /** {@inheritDoc} */
  @Override
  public void stepped(Progress progress) {
    if (profiler != null) {
      recorded++;
      if (recorded == RECORDED) {
        close();
      }
    } else if (recorded == 0 && progress.step() == first) {
      profiler = Profiler.start(file);
    }
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
