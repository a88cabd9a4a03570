package org.attentionzoo.datasets.generated;

import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.datasets.SeededStream;

/**
 * Which generated examples a batch has. Example {@code first + row} is drawn from a stream of its
 * own, a function of the seed and that number.
 *
 * @param seed the run's seed, or that of the validation part
 * @param first the number of the first example
 * @param rows how many examples there are
 * @param part the validation part's part that they belong to, counted from 0; {@link #TRAINING} for
 *     training examples
 */
public record Examples(long seed, long first, int rows, int part) {

  /** The part of examples that are trained on. */
  public static final int TRAINING = -1;

  /**
   * The numbers of the examples.
   *
   * @return first, first + 1, ...
   */
  public long[] ids() {
    long[] ids = new long[rows];
    for (int row = 0; row < rows; row++) {
      ids[row] = first + row;
    }
    return ids;
  }

  /**
   * The random numbers of an example.
   *
   * @param row from 0 to {@code rows} - 1
   * @return a fresh generator
   */
  public SplittableRandom random(int row) {
    return SeededStream.of(seed, first + row);
  }

  /**
   * Whether the examples are of the validation part.
   *
   * @return false for training examples
   */
  public boolean validates() {
    return part != TRAINING;
  }

  /** The length of the examples where the validation part has a part for each of some lengths. */
  int length(int trainingLength, List<Integer> evaluationLengths) {
    return validates() && !evaluationLengths.isEmpty()
        ? evaluationLengths.get(part)
        : trainingLength;
  }
}
