package org.attentionzoo.datasets.generated;

import java.util.List;

/**
 * How generated examples make batches: endless training examples, of which step s of a run has
 * numbers {@code s * batch} to {@code (s + 1) * batch - 1} of the run's seed, and a validation part
 * that is the same for every run. The validation part may have several parts (for example one for
 * each length), which follow each other and do not share a batch.
 *
 * @param batch how many examples a batch has
 * @param validationExamples how many examples each part of the validation part has
 * @param parts how many parts the validation part has
 * @param validationSeed decides the validation part
 */
public record ExamplePlan(int batch, int validationExamples, int parts, long validationSeed) {

  private static final int LARGEST = 1 << 20;

  /** Keeps validation apart from a training run that has the same seed. */
  private static final long VALIDATION = 0x56414C4944415445L;

  /** Checks the numbers. */
  public ExamplePlan {
    Checks.range("batch", batch, 1, LARGEST);
    Checks.range("validationExamples", validationExamples, 1, LARGEST);
    Checks.range("parts of the validation part", parts, 1, 1 << 10);
  }

  /**
   * A plan whose validation part has one part.
   *
   * @param batch how many examples a batch has
   * @param validationExamples how many examples the validation part has
   * @param validationSeed decides the validation part
   * @return the plan
   */
  public static ExamplePlan of(int batch, int validationExamples, long validationSeed) {
    return new ExamplePlan(batch, validationExamples, 1, validationSeed);
  }

  /**
   * A plan whose validation part has a part for each of some lengths.
   *
   * @param batch how many examples a batch has
   * @param evaluationLengths the lengths; empty for the one of training
   * @param validationExamples how many examples of each length the validation part has
   * @param validationSeed decides the validation part
   * @return the plan
   */
  static ExamplePlan byLength(
      int batch, List<Integer> evaluationLengths, int validationExamples, long validationSeed) {
    int parts = Math.max(1, evaluationLengths.size());
    return new ExamplePlan(batch, validationExamples, parts, validationSeed);
  }

  /**
   * The examples of a training step.
   *
   * @param seed the run's seed
   * @param step counted from 0
   * @return a full batch
   */
  public Examples training(long seed, long step) {
    return new Examples(seed, step * batch, batch, Examples.TRAINING);
  }

  /**
   * How many batches the validation part has.
   *
   * @return at least 1
   */
  public int validationBatches() {
    return parts * batchesOfPart();
  }

  /**
   * The examples of a validation batch.
   *
   * @param index from 0 to {@link #validationBatches()} - 1
   * @return a batch; the last of a part may be smaller
   */
  public Examples validation(int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int part = index / batchesOfPart();
    int first = index % batchesOfPart() * batch;
    return new Examples(
        validationSeed ^ VALIDATION,
        (long) part * validationExamples + first,
        Math.min(batch, validationExamples - first),
        part);
  }

  private int batchesOfPart() {
    return (validationExamples - 1) / batch + 1;
  }
}
