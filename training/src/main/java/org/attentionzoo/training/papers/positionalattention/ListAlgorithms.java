package org.attentionzoo.training.papers.positionalattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;
import org.attentionzoo.datasets.generated.ExamplePlan;
import org.attentionzoo.datasets.generated.Examples;
import org.attentionzoo.datasets.generated.GeneratedSource;

/**
 * Lists of numbers and what an algorithm makes of them, the data of "Positional Attention" (2024).
 * Of one example two bounds are drawn from [-range, range], then its numbers between them. With a
 * scale of validation, its bounds are drawn from a range that much wider, and pairs that lie inside
 * the range of training are drawn again, so that all lists are beyond what was trained on.
 *
 * <p>Inputs and labels are (B, length) float32. Training examples are endless.
 */
public final class ListAlgorithms implements GeneratedSource {

  private final Options options;
  private final ExamplePlan plan;

  /** What is to be computed of a list; all but SORT of each of its beginnings. */
  public enum Algorithm {
    /** The sum. */
    SUM,
    /** The smallest number. */
    MIN,
    /** The median, the mean of the middle two of an even count. */
    MEDIAN,
    /** The largest sum of neighbours, at least one. */
    MAXSUB,
    /** The numbers in ascending order. */
    SORT
  }

  /**
   * The options.
   *
   * @param batch B
   * @param algorithm what is to be computed
   * @param length how many numbers a list has
   * @param range the largest absolute value in training
   * @param scale how much wider the range of validation is
   * @param validationExamples how many lists the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      Algorithm algorithm,
      int length,
      double range,
      double scale,
      int validationExamples,
      long validationSeed) {

    /**
     * The paper's lists.
     *
     * @return lists of 8 numbers between -2 and 2
     */
    public static Options standard() {
      return new Options(128, Algorithm.SUM, 8, 2, 1, 2048, 0);
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they are not possible
   */
  public ListAlgorithms(Options options) {
    if (options.length < 1 || options.length > 1 << 12) {
      throw new UserException("length=" + options.length + "; expected 1 to 4096");
    }
    if (!(options.range > 0 && options.scale >= 1 && options.range * options.scale < 1e6)) {
      throw new UserException(
          "range="
              + options.range
              + ", scale="
              + options.scale
              + "; expected range above 0, scale at least 1, their product below a million");
    }
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    int length = options.length;
    float[] inputs = new float[rows * length];
    float[] labels = new float[rows * length];
    double scale = examples.part() == Examples.TRAINING ? 1 : options.scale;
    for (int row = 0; row < rows; row++) {
      float[] list = list(examples.random(row), scale);
      System.arraycopy(list, 0, inputs, row * length, length);
      System.arraycopy(compute(options.algorithm, list), 0, labels, row * length, length);
    }
    Shape shape = new Shape(rows, length);
    return new Batch(
        new NDList(Tensors.float32(manager, shape, inputs)),
        new NDList(Tensors.float32(manager, shape, labels)),
        examples.ids());
  }

  private float[] list(SplittableRandom random, double scale) {
    double most = options.range * scale;
    double low;
    double high;
    do {
      double first = (2 * random.nextDouble() - 1) * most;
      double second = (2 * random.nextDouble() - 1) * most;
      low = Math.min(first, second);
      high = Math.max(first, second);
    } while (scale > 1 && low >= -options.range && high <= options.range);
    float[] list = new float[options.length];
    for (int i = 0; i < list.length; i++) {
      list[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return list;
  }

  /**
   * Runs an algorithm.
   *
   * @param algorithm what is to be computed
   * @param list the numbers
   * @return as many results
   */
  static float[] compute(Algorithm algorithm, float[] list) {
    float[] result = new float[list.length];
    if (algorithm == Algorithm.SORT) {
      System.arraycopy(list, 0, result, 0, list.length);
      Arrays.sort(result);
      return result;
    }
    double sum = 0;
    double ending = Double.NEGATIVE_INFINITY;
    double best = Double.NEGATIVE_INFINITY;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < list.length; i++) {
      sum += list[i];
      least = Math.min(least, list[i]);
      ending = Math.max(list[i], ending + list[i]);
      best = Math.max(best, ending);
      result[i] =
          (float)
              switch (algorithm) {
                case SUM -> sum;
                case MIN -> least;
                case MAXSUB -> best;
                case MEDIAN -> median(Arrays.copyOf(list, i + 1));
                case SORT -> throw new AssertionError();
              };
    }
    return result;
  }

  private static double median(float[] values) {
    Arrays.sort(values);
    int middle = values.length / 2;
    return values.length % 2 == 1
        ? values[middle]
        : ((double) values[middle - 1] + values[middle]) / 2;
  }
}
