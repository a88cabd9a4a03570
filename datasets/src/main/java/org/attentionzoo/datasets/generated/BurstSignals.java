package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Signals that are not stationary: noise whose mean and variance drift, in which a short burst at a
 * random place tells the class.
 *
 * <pre>
 *   x_t = drift sin(f t + p) + noise (1 + 0.9 sin(g t + r)) e_t + [t in burst] sin(w_class (t - start) + q)
 * </pre>
 *
 * <p>One example, drawn from its own stream: the class c of C, uniform; the burst's start, uniform
 * among those where it fits; f and g half a turn to two turns over the signal, phases p, q and r
 * all uniform; e_t normal. The burst makes c + 1 turns in {@code burst} moments. Values from -2 to
 * 2 become levels 0 to V - 1, what lies outside the nearest of them.
 *
 * <p>Inputs are (B, L) int64 levels; labels (B) int64. Training examples are endless; ids are
 * {@code step * batch + row}. Validation examples come from their own seed.
 */
public final class BurstSignals implements GeneratedSource {

  private static final double LARGEST = 2;
  private static final double UNEVENNESS = 0.9;
  private static final double SLOWEST = 0.5;
  private static final double FASTEST = 2;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, signals in a batch
   * @param length L, moments in a signal
   * @param levels V, how many levels there are
   * @param classes C, how many classes there are
   * @param burst how many moments the burst has, at least twice the turns of the fastest class
   * @param drift the amplitude of the drifting mean
   * @param noise the mean deviation of the noise
   * @param validationExamples how many signals the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int levels,
      int classes,
      int burst,
      double drift,
      double noise,
      int validationExamples,
      long validationSeed) {

    /**
     * Signals of 128 moments with a burst of 16.
     *
     * @return 256 levels, 4 classes, batch 32
     */
    public static Options standard() {
      return new Options(32, 128, 256, 4, 16, 0.5, 0.2, 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("levels", levels);
      Checks.positive("classes", classes);
      Checks.positive("burst", burst);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length);
      if (burst > length) {
        throw new UserException("burst=" + burst + " is more than length=" + length);
      }
      if (levels < 2 || classes < 2) {
        throw new UserException(
            "levels=" + levels + ", classes=" + classes + "; there must be at least 2 of each");
      }
      if (burst < 2 * classes) {
        throw new UserException(
            "burst="
                + burst
                + " is too short to tell classes="
                + classes
                + " apart; expected at least "
                + 2 * classes);
      }
      if (!(drift >= 0 && noise >= 0 && drift <= LARGEST && noise <= LARGEST)) {
        throw new UserException(
            "drift=" + drift + ", noise=" + noise + "; expected numbers from 0 to " + LARGEST);
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public BurstSignals(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    return TokenBatches.classified(manager, examples, options.length, this::draw);
  }

  private long draw(SplittableRandom random, long[] inputs, int offset) {
    int label = random.nextInt(options.classes);
    int start = random.nextInt(options.length - options.burst + 1);
    double meanRate = rate(random);
    double meanPhase = phase(random);
    double noiseRate = rate(random);
    double noisePhase = phase(random);
    double burstRate = 2 * Math.PI * (label + 1) / options.burst;
    double burstPhase = phase(random);
    for (int t = 0; t < options.length; t++) {
      double deviation = options.noise * (1 + UNEVENNESS * Math.sin(noiseRate * t + noisePhase));
      double x = options.drift * Math.sin(meanRate * t + meanPhase) + deviation * normal(random);
      if (t >= start && t < start + options.burst) {
        x += Math.sin(burstRate * (t - start) + burstPhase);
      }
      double level = (x + LARGEST) / (2 * LARGEST) * (options.levels - 1);
      inputs[offset + t] = Math.round(Math.max(0, Math.min(options.levels - 1.0, level)));
    }
    return label;
  }

  private double rate(SplittableRandom random) {
    return 2 * Math.PI * random.nextDouble(SLOWEST, FASTEST) / options.length;
  }

  private static double phase(SplittableRandom random) {
    return random.nextDouble(2 * Math.PI);
  }

  /** Box and Muller. */
  private static double normal(SplittableRandom random) {
    double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
    return radius * Math.cos(phase(random));
  }
}
