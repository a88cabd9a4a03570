package org.attentionzoo.eval.profile;

import java.nio.file.Path;
import java.util.Optional;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.TrainingListener;

/**
 * Records the first steps of a training run and keeps the last three of those, after kernels are
 * compiled and memory is touched where the run has as many. Nothing but steps: one that follows an
 * evaluation or a checkpoint is left out, unless the run begins with it.
 *
 * <p>For the thread that trains. Closing ends a recording that the run's end cut short.
 */
public final class StepProfiler implements TrainingListener, AutoCloseable {

  private static final int WATCHED = 7;
  private static final int KEPT = 3;

  private final Path file;
  private final JoinedTrace trace;
  private int watched;

  /**
   * Prepares a recording.
   *
   * @param file the trace to write, in the Chrome format
   */
  public StepProfiler(Path file) {
    this.file = file;
    this.trace = new JoinedTrace(file, KEPT);
  }

  /** {@inheritDoc} */
  @Override
  public void started(long step, long steps) {
    if (step < steps) {
      trace.begin();
    }
  }

  /** {@inheritDoc} */
  @Override
  public void stepped(Progress progress) {
    if (trace.isRecording()) {
      trace.keep();
      trace.write();
      watched++;
    }
    if (watched < WATCHED && progress.step() < progress.steps()) {
      trace.begin();
    }
  }

  /** {@inheritDoc} */
  @Override
  public void pausing() {
    trace.discard();
  }

  /**
   * How many steps the trace holds.
   *
   * @return the number
   */
  public int steps() {
    return trace.size();
  }

  /**
   * What was recorded.
   *
   * @return the trace; empty, and there is no file, if no step was
   */
  public Optional<Trace> trace() {
    return steps() == 0 ? Optional.empty() : Optional.of(Trace.read(file));
  }

  /** Ends a recording that goes on. */
  @Override
  public void close() {
    trace.discard();
  }
}
