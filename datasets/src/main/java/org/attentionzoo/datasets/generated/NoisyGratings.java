package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Gratings under the noise of a diffusion process (Ho et al. 2020, equation 4): what a diffusion
 * model learns to take away.
 *
 * <p>One example: x_0 = contrast cos(2 pi (row sin(angle) + column cos(angle)) / wavelength +
 * phase) in all channels, the angle being the label's share of pi, the phase uniform, the contrast
 * uniform from 0.5 to 1; a time t, uniform from 0 to 999; noise e, standard normal; x_t = sqrt(a_t)
 * x_0 + sqrt(1 - a_t) e, a_t being the product of 1 - beta over the times up to t, and beta rising
 * evenly from 0.0001 to 0.02.
 *
 * <p>Inputs are x_t (B, channels, image, image) float32, t (B) float32, the label (B) int64 (or,
 * unlabelled, {@code classes} for "none"), labels are e, of x_t's shape. Training examples are
 * endless, the ids {@code step * batch + row}; validation examples come from their own seed.
 */
public final class NoisyGratings implements GeneratedSource {

  private static final int TIMES = 1000;
  private static final double FIRST_BETA = 1e-4;
  private static final double LAST_BETA = 0.02;

  private final Options options;
  private final ExamplePlan plan;
  private final double[] kept = new double[TIMES];

  /**
   * The options.
   *
   * @param batch B, images in a batch
   * @param channels the channels of an image
   * @param image the height and width of an image
   * @param classes the number of angles
   * @param wavelength of a grating, in pixels
   * @param labelled whether the model is told the label
   * @param validationExamples how many images the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int channels,
      int image,
      int classes,
      double wavelength,
      boolean labelled,
      int validationExamples,
      long validationSeed) {

    /**
     * Ten angles on 8 x 8 pixels of 3 channels, a wave every 4 pixels.
     *
     * @return labelled batches of 64
     */
    public static Options standard() {
      return new Options(64, 3, 8, 10, 4, true, 2048, 0);
    }

    private void check() {
      Checks.range("batch", batch, 1, 1 << 16);
      Checks.range("channels", channels, 1, 1 << 12);
      Checks.range("image", image, 1, 1 << 12);
      Checks.range("classes", classes, 1, 1 << 20);
      Checks.range("validationExamples", validationExamples, 1, 1 << 20);
      Checks.images(batch, channels, image);
      if (!(wavelength > 0) || Double.isInfinite(wavelength)) {
        throw new UserException("wavelength=" + wavelength + "; expected a number above 0");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public NoisyGratings(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
    double product = 1;
    for (int t = 0; t < TIMES; t++) {
      product *= 1 - (FIRST_BETA + (LAST_BETA - FIRST_BETA) * t / (TIMES - 1));
      kept[t] = product;
    }
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    int values = options.channels * options.image * options.image;
    float[] noisy = new float[rows * values];
    float[] noise = new float[rows * values];
    float[] times = new float[rows];
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      SplittableRandom random = examples.random(row);
      int label = random.nextInt(options.classes);
      int time = random.nextInt(TIMES);
      labels[row] = options.labelled ? label : options.classes;
      times[row] = time;
      draw(random, label, kept[time], noisy, noise, row * values);
    }
    Shape shape = new Shape(rows, options.channels, options.image, options.image);
    return new Batch(
        new NDList(
            Tensors.float32(manager, shape, noisy),
            Tensors.float32(manager, new Shape(rows), times),
            Tensors.int64(manager, new Shape(rows), labels)),
        new NDList(Tensors.float32(manager, shape, noise)),
        examples.ids());
  }

  private void draw(
      SplittableRandom random, int label, double kept, float[] noisy, float[] noise, int start) {
    double angle = Math.PI * label / options.classes;
    double phase = 2 * Math.PI * random.nextDouble();
    double contrast = 0.5 + 0.5 * random.nextDouble();
    double wave = 2 * Math.PI / options.wavelength;
    int at = start;
    for (int c = 0; c < options.channels; c++) {
      for (int i = 0; i < options.image; i++) {
        for (int j = 0; j < options.image; j++) {
          double clean =
              contrast * Math.cos(wave * (i * Math.sin(angle) + j * Math.cos(angle)) + phase);
          double e = random.nextGaussian();
          noise[at] = (float) e;
          noisy[at++] = (float) (Math.sqrt(kept) * clean + Math.sqrt(1 - kept) * e);
        }
      }
    }
  }
}
