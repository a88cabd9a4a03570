package org.attentionzoo.training.schedule;

/**
 * The learning rate of each step. Every schedule first rises linearly over {@code warmup} steps,
 * from {@code peak / warmup} at the first to {@code peak} at the last of them.
 *
 * <p>Immutable.
 */
public sealed interface Schedule {

  /**
   * The learning rate of a step.
   *
   * @param step counted from 0
   * @return the rate
   */
  double learningRate(long step);

  /**
   * Stays at the peak.
   *
   * @param peak the rate after the warm-up
   * @param warmup how many steps rise
   */
  record Constant(double peak, long warmup) implements Schedule {
    /** {@inheritDoc} */
    @Override
    public double learningRate(long step) {
      return step < warmup ? rising(peak, warmup, step) : peak;
    }
  }

  /**
   * Falls on a straight line.
   *
   * @param peak the rate after the warm-up
   * @param warmup how many steps rise
   * @param steps how many steps the run has; from there on the rate is {@code minimum}
   * @param minimum the rate at the end
   */
  record Linear(double peak, long warmup, long steps, double minimum) implements Schedule {
    /** {@inheritDoc} */
    @Override
    public double learningRate(long step) {
      return step < warmup
          ? rising(peak, warmup, step)
          : peak + (minimum - peak) * fallen(warmup, steps, step);
    }
  }

  /**
   * Falls on half a period of the cosine (Loshchilov and Hutter, "SGDR", 2017, equation 5, one
   * period).
   *
   * @param peak the rate after the warm-up
   * @param warmup how many steps rise
   * @param steps how many steps the run has; from there on the rate is {@code minimum}
   * @param minimum the rate at the end
   */
  record Cosine(double peak, long warmup, long steps, double minimum) implements Schedule {
    /** {@inheritDoc} */
    @Override
    public double learningRate(long step) {
      return step < warmup
          ? rising(peak, warmup, step)
          : minimum + (peak - minimum) * (1 + Math.cos(Math.PI * fallen(warmup, steps, step))) / 2;
    }
  }

  private static double rising(double peak, long warmup, long step) {
    return peak * (step + 1) / warmup;
  }

  private static double fallen(long warmup, long steps, long step) {
    return steps <= warmup ? 1 : Math.min(1, (double) (step - warmup) / (steps - warmup));
  }
}
