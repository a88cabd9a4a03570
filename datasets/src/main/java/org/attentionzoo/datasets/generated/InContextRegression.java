package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Linear regression in context, the data of "In-Context Linear Regression Demystified" (2025):
 * every example is a regression problem of its own, whose last value is to be predicted.
 *
 * <p>One example: weights w, normal with variance 1 / d; x_1 ... x_L and x_q, normal with
 * covariance {@code correlation}^|i - j| (the identity for 0); y = w x + e, e normal with variance
 * {@code noise}. The tokens are z_l = (x_l, y_l) of d + 1 values and at last z_q = (x_q, 0); the
 * label is y_q, its noise included, so that no prediction has a mean squared error below {@code
 * noise}.
 *
 * <p>Inputs are (B, (L + 1) (d + 1)) float32, token by token; labels (B, 1) float32. Training
 * examples are endless; ids are {@code step * batch + row}; validation examples come from their own
 * seed.
 */
public final class InContextRegression implements GeneratedSource {

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, problems in a batch
   * @param dimension d, the values of an x
   * @param examples L, the points that are shown
   * @param noise the variance of the noise of y
   * @param correlation of neighbouring values of x, from 0 to below 1
   * @param validationExamples how many problems the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int dimension,
      int examples,
      double noise,
      double correlation,
      int validationExamples,
      long validationSeed) {

    /**
     * The paper's setting.
     *
     * @return d = 5, L = 40, noise 0.1, batch 256
     */
    public static Options standard() {
      return new Options(256, 5, 40, 0.1, 0, 8192, 0);
    }

    private void check() {
      Checks.range("dimension", dimension, 1, 1 << 12);
      Checks.range("examples", examples, 1, 1 << 16);
      Checks.positive("batch", batch);
      Checks.finite("noise", noise);
      if (noise < 0) {
        throw new UserException("noise=" + noise + "; it is a variance: expected at least 0");
      }
      if (!(correlation >= 0 && correlation < 1)) {
        throw new UserException(
            "correlation=" + correlation + "; expected a number from 0 to below 1");
      }
      if ((double) batch * (examples + 1) * (dimension + 1) > 1L << 27) {
        throw new UserException(
            "batch="
                + batch
                + ", examples="
                + examples
                + " and dimension="
                + dimension
                + " make more than 2^27 values; give less");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public InContextRegression(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * The number of values of an input.
   *
   * @return (L + 1) (d + 1)
   */
  public int features() {
    return (options.examples + 1) * (options.dimension + 1);
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    float[] inputs = new float[rows * features()];
    float[] labels = new float[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = draw(examples.random(row), inputs, row * features());
    }
    return new Batch(
        new NDList(Tensors.float32(manager, new Shape(rows, features()), inputs)),
        new NDList(Tensors.float32(manager, new Shape(rows, 1), labels)),
        examples.ids());
  }

  private float draw(SplittableRandom random, float[] inputs, int start) {
    int d = options.dimension;
    double[] weights = new double[d];
    for (int i = 0; i < d; i++) {
      weights[i] = random.nextGaussian() / Math.sqrt(d);
    }
    // An autoregression of order 1 has the covariance correlation^|i - j|.
    double fresh = Math.sqrt(1 - options.correlation * options.correlation);
    int at = start;
    double y = 0;
    for (int l = 0; l <= options.examples; l++) {
      y = Math.sqrt(options.noise) * random.nextGaussian();
      double x = 0;
      for (int i = 0; i < d; i++) {
        double normal = random.nextGaussian();
        x = i == 0 ? normal : options.correlation * x + fresh * normal;
        inputs[at++] = (float) x;
        y += weights[i] * x;
      }
      inputs[at++] = l < options.examples ? (float) y : 0;
    }
    return (float) y;
  }
}
