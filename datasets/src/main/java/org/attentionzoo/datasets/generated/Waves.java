package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Series of waves and noise, to be continued:
 *
 * <pre>
 *   x_t = sum over waves of a sin(2 pi t / p + f) + noise e_t
 * </pre>
 *
 * <p>One example, drawn from its own stream: for each wave the amplitude a, uniform from 0.5 to
 * 1.5, the period p, the logarithm uniform between those of the shortest and the longest, and the
 * phase f, uniform; e_t normal. Inputs are (B, window, 1) float32, labels (B, horizon, 1) float32:
 * the moments that follow, with their noise. Training examples are endless; ids are {@code step *
 * batch + row}. Validation examples come from their own seed.
 */
public final class Waves implements GeneratedSource {

  private static final double LEAST_AMPLITUDE = 0.5;
  private static final double MOST_AMPLITUDE = 1.5;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, series in a batch
   * @param window how many moments are seen
   * @param horizon how many moments are to be forecast
   * @param waves how many waves a series is made of
   * @param shortest the shortest period in moments, more than 2
   * @param longest the longest period in moments
   * @param noise the deviation of the noise
   * @param validationExamples how many series the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int window,
      int horizon,
      int waves,
      double shortest,
      double longest,
      double noise,
      int validationExamples,
      long validationSeed) {

    /**
     * Two waves, of which 96 moments are seen and 24 forecast.
     *
     * @return periods from 8 to 48, noise 0.1, batch 32
     */
    public static Options standard() {
      return new Options(32, 96, 24, 2, 8, 48, 0.1, 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("window", window);
      Checks.positive("horizon", horizon);
      Checks.range("waves", waves, 1, 1 << 10);
      Checks.positive("validationExamples", validationExamples);
      Checks.finite("longest", longest);
      Checks.finite("noise", noise);
      Checks.tokens(batch, Math.addExact(window, horizon));
      if (!(shortest > 2 && longest >= shortest)) {
        throw new UserException(
            "shortest="
                + shortest
                + ", longest="
                + longest
                + "; periods are longer than 2 moments, and the longest no shorter than the"
                + " shortest");
      }
      if (noise < 0) {
        throw new UserException("noise=" + noise + "; it is a deviation: expected at least 0");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public Waves(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * The mean squared error of who always forecasts 0.
   *
   * @return the mean power of a series
   */
  public double errorOfZero() {
    double least = Math.pow(LEAST_AMPLITUDE, 3);
    double most = Math.pow(MOST_AMPLITUDE, 3);
    double square = (most - least) / 3 / (MOST_AMPLITUDE - LEAST_AMPLITUDE);
    return options.waves * square / 2 + options.noise * options.noise;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    float[] inputs = new float[rows * options.window];
    float[] labels = new float[rows * options.horizon];
    for (int row = 0; row < rows; row++) {
      double[] series = draw(examples.random(row));
      for (int t = 0; t < series.length; t++) {
        if (t < options.window) {
          inputs[row * options.window + t] = (float) series[t];
        } else {
          labels[row * options.horizon + t - options.window] = (float) series[t];
        }
      }
    }
    return new Batch(
        new NDList(Tensors.float32(manager, new Shape(rows, options.window, 1), inputs)),
        new NDList(Tensors.float32(manager, new Shape(rows, options.horizon, 1), labels)),
        examples.ids());
  }

  private double[] draw(SplittableRandom random) {
    double[] series = new double[options.window + options.horizon];
    double range = Math.log(options.longest / options.shortest);
    for (int wave = 0; wave < options.waves; wave++) {
      double amplitude = random.nextDouble(LEAST_AMPLITUDE, MOST_AMPLITUDE);
      double period = options.shortest * Math.exp(range * random.nextDouble());
      double phase = random.nextDouble(2 * Math.PI);
      for (int t = 0; t < series.length; t++) {
        series[t] += amplitude * Math.sin(2 * Math.PI * t / period + phase);
      }
    }
    for (int t = 0; t < series.length; t++) {
      series[t] += options.noise * random.nextGaussian();
    }
    return series;
  }
}
