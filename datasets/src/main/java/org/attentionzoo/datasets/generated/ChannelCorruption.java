package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Images some of whose neighbouring channels are spoiled: what attention over channels is for.
 *
 * <p>One example: amplitudes a_c, standard normal, one for each channel; x_c = signal a_c P +
 * noise, where P is a checkerboard of 1 and 0 (1 where row + column is even) and the noise is
 * standard normal; in a run of neighbouring channels, uniform over all places, the noise is {@code
 * corruptedNoise} times as large and {@code offset} is added. The target is M a, M (outputs,
 * channels) fixed, normal with variance 1 / channels, so that a target has variance 1.
 *
 * <p>Inputs are (B, channels * image * image) float32, channel by channel, labels (B, outputs)
 * float32. Training examples are endless, the ids {@code step * batch + row}; validation examples
 * come from their own seed.
 */
public final class ChannelCorruption implements GeneratedSource {

  private static final long MAP = 0x4D41503D4D41503DL;

  private final Options options;
  private final ExamplePlan plan;
  private final double[] map;

  /**
   * The options.
   *
   * @param batch B, images in a batch
   * @param channels the channels of an image
   * @param image the height and width of an image
   * @param outputs how many values are to be predicted
   * @param corrupted how many neighbouring channels are spoiled
   * @param offset what is added to each value of a spoiled channel
   * @param corruptedNoise the standard deviation of a spoiled channel's noise
   * @param noise the standard deviation of the other channels' noise
   * @param signal the standard deviation of the amplitudes
   * @param validationExamples how many images the validation part has
   * @param validationSeed decides the validation part and the map
   */
  public record Options(
      int batch,
      int channels,
      int image,
      int outputs,
      int corrupted,
      double offset,
      double corruptedNoise,
      double noise,
      double signal,
      int validationExamples,
      long validationSeed) {

    /**
     * 6 of 32 channels of 8 x 8 are spoiled by an offset and noise of 4.
     *
     * @return batches of 64
     */
    public static Options standard() {
      return new Options(64, 32, 8, 8, 6, 4, 4, 1, 0.5, 1024, 0);
    }

    private void check() {
      Checks.range("batch", batch, 1, 1 << 16);
      Checks.range("channels", channels, 1, 1 << 12);
      Checks.range("image", image, 1, 1 << 8);
      Checks.range("outputs", outputs, 1, 1 << 12);
      Checks.range("corrupted", corrupted, 0, channels);
      Checks.range("validationExamples", validationExamples, 1, 1 << 20);
      Checks.images(batch, channels, image);
      Checks.finite("offset", offset);
      Checks.finite("corruptedNoise", corruptedNoise);
      Checks.finite("noise", noise);
      Checks.finite("signal", signal);
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public ChannelCorruption(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
    map = new double[options.outputs * options.channels];
    SplittableRandom random = SeededStream.of(options.validationSeed ^ MAP, 0);
    for (int i = 0; i < map.length; i++) {
      map[i] = random.nextGaussian() / Math.sqrt(options.channels);
    }
  }

  /**
   * The number of values of an image.
   *
   * @return channels * image * image
   */
  public int features() {
    return options.channels * options.image * options.image;
  }

  /**
   * The mean square of the targets: the error of a model that always says 0.
   *
   * @return about 1
   */
  public double targetVariance() {
    double sum = 0;
    for (double weight : map) {
      sum += weight * weight;
    }
    return sum / options.outputs;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    float[] inputs = new float[rows * features()];
    float[] targets = new float[rows * options.outputs];
    for (int row = 0; row < rows; row++) {
      draw(examples.random(row), inputs, targets, row);
    }
    return new Batch(
        new NDList(Tensors.float32(manager, new Shape(rows, features()), inputs)),
        new NDList(Tensors.float32(manager, new Shape(rows, options.outputs), targets)),
        examples.ids());
  }

  private void draw(SplittableRandom random, float[] inputs, float[] targets, int row) {
    int start = random.nextInt(options.channels - options.corrupted + 1);
    int at = row * features();
    for (int c = 0; c < options.channels; c++) {
      boolean spoiled = c >= start && c < start + options.corrupted;
      double offset = spoiled ? options.offset : 0;
      double noise = spoiled ? options.corruptedNoise : options.noise;
      double amplitude = random.nextGaussian();
      for (int i = 0; i < options.image; i++) {
        for (int j = 0; j < options.image; j++) {
          double seen = (i + j) % 2 == 0 ? options.signal * amplitude : 0;
          inputs[at++] = (float) (seen + offset + noise * random.nextGaussian());
        }
      }
      for (int o = 0; o < options.outputs; o++) {
        targets[row * options.outputs + o] += (float) (map[o * options.channels + c] * amplitude);
      }
    }
  }
}
