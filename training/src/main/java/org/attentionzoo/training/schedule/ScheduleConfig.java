package org.attentionzoo.training.schedule;

import java.util.List;
import org.attentionzoo.blocks.UserException;

/**
 * The choice of a schedule.
 *
 * @param name {@code constant}, {@code linear}, {@code cosine}, {@code inverse-sqrt} or {@code
 *     one-cycle}
 * @param warmup how many steps rise
 * @param minimumLearningRate the rate at the end
 */
public record ScheduleConfig(String name, long warmup, double minimumLearningRate) {

  private static final List<String> NAMES =
      List.of("constant", "linear", "cosine", "inverse-sqrt", "one-cycle");

  /** Cosine with a short warm-up. */
  public static final ScheduleConfig DEFAULT = new ScheduleConfig("cosine", 50, 1e-5);

  /** Checks the values. */
  public ScheduleConfig {
    if (warmup < 0) {
      throw new UserException("schedule.warmup=" + warmup + " was given; it must be 0 or more");
    }
    if (!(minimumLearningRate >= 0) || Double.isInfinite(minimumLearningRate)) {
      throw new UserException(
          "schedule.minimumLearningRate="
              + minimumLearningRate
              + " was given; it must be a number from 0 up");
    }
    if (!NAMES.contains(name)) {
      throw new UserException(
          "unknown schedule '"
              + name
              + "'; schedule.name must be one of "
              + String.join(", ", NAMES));
    }
  }

  /**
   * Creates the schedule of a run.
   *
   * @param peak the rate after the warm-up
   * @param steps how many steps the run has
   * @return the schedule
   */
  public Schedule create(double peak, long steps) {
    return switch (name) {
      case "constant" -> new Schedule.Constant(peak, warmup);
      case "linear" -> new Schedule.Linear(peak, warmup, steps, minimumLearningRate);
      case "inverse-sqrt" -> new Schedule.InverseSquareRoot(peak, warmup, minimumLearningRate);
      case "one-cycle" -> new Schedule.OneCycle(peak, warmup, steps, minimumLearningRate);
      default -> new Schedule.Cosine(peak, warmup, steps, minimumLearningRate);
    };
  }
}
