package org.attentionzoo.training.run;

import java.time.Duration;

/** Measures a run's pace. */
final class Clock {

  /** How much of the smoothed step time the newest step decides. */
  private static final double NEWEST = 0.1;

  private final long firstStep;
  private final long steps;
  private final double itemsPerStep;
  private final long start = System.nanoTime();
  private long last = start;
  private long done;
  private double secondsPerStep;

  Clock(long firstStep, long steps, double itemsPerStep) {
    this.firstStep = firstStep;
    this.steps = steps;
    this.itemsPerStep = itemsPerStep;
    this.done = firstStep;
  }

  /** A step ended now. */
  void stepDone() {
    long now = System.nanoTime();
    double seconds = (now - last) / 1e9;
    // The first step compiles kernels; it says nothing about the later ones.
    secondsPerStep =
        done - firstStep < 2 ? seconds : secondsPerStep + NEWEST * (seconds - secondsPerStep);
    last = now;
    done++;
  }

  /** What happened since the last step was no step: its time is not a step's. */
  void pause() {
    last = System.nanoTime();
  }

  double itemsPerSecond() {
    return secondsPerStep > 0 ? itemsPerStep / secondsPerStep : 0;
  }

  double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  Duration left() {
    long here = done - firstStep;
    double perStep = here == 0 ? 0 : seconds() / here;
    return Duration.ofMillis(Math.round(perStep * (steps - done) * 1000));
  }
}
