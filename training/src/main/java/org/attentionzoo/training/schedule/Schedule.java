package org.attentionzoo.training.schedule;

/**
 * The learning rate of each step. Every schedule but {@link OneCycle} first rises linearly over
 * {@code warmup} steps, from {@code peak / warmup} at the first to {@code peak} at the last of
 * them.
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

  /**
   * Falls as the inverse root of the step's number (Vaswani et al., "Attention Is All You Need",
   * 2017, equation 3, with the peak given instead of the width).
   *
   * @param peak the rate after the warm-up
   * @param warmup how many steps rise
   * @param minimum the rate never falls below
   */
  record InverseSquareRoot(double peak, long warmup, double minimum) implements Schedule {
    /** {@inheritDoc} */
    @Override
    public double learningRate(long step) {
      return step < warmup
          ? rising(peak, warmup, step)
          : Math.max(minimum, peak * Math.sqrt(Math.max(1.0, warmup) / (step + 1)));
    }
  }

  /**
   * Rises from {@code peak / 25} on half a period of the cosine, then falls on another (Smith and
   * Topin, "Super-Convergence", 2018, with PyTorch's shape and without a cycle of the momentum).
   *
   * @param peak the highest rate
   * @param warmup the step, counted from 0, that has it; 0 for three tenths of the run
   * @param steps how many steps the run has; the last one has the rate {@code minimum}
   * @param minimum the rate at the end
   */
  record OneCycle(double peak, long warmup, long steps, double minimum) implements Schedule {
    private static final double START = 1.0 / 25;

    /** {@inheritDoc} */
    @Override
    public double learningRate(long step) {
      double top = warmup > 0 ? warmup : Math.max(0, 0.3 * steps - 1);
      return step < top
          ? cosine(peak * START, peak, step / top)
          : cosine(peak, minimum, Math.min(1, (step - top) / Math.max(1e-9, steps - 1 - top)));
    }

    private static double cosine(double from, double to, double share) {
      return to + (from - to) * (1 + Math.cos(Math.PI * share)) / 2;
    }
  }

  private static double rising(double peak, long warmup, long step) {
    return peak * (step + 1) / warmup;
  }

  private static double fallen(long warmup, long steps, long step) {
    return steps <= warmup ? 1 : Math.min(1, (double) (step - warmup) / (steps - warmup));
  }
}
