package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.attentionzoo.datasets.Batch;

/**
 * Match2 and Match3 (Sanford et al. 2023, "Representational Strengths and Limitations of
 * Transformers", definitions 2 and 3): for each number of a sequence, whether it and one or two
 * numbers of the sequence add up to 0 modulo M. By the definitions a number may be taken again, so
 * that some triples are pairs in truth (2 x + y = 0); with {@code distinct} it may not.
 *
 * <p>One example: L numbers, independent and uniform in 0 to M - 1. Inputs (B, L) int64 are the
 * numbers, labels (B, L) int64 are 1 where there is a match and 0 elsewhere. Training examples are
 * endless; validation examples come from their own seed.
 */
public final class MatchSums implements GeneratedSource {

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, numbers in a sequence
   * @param modulus M
   * @param order how many numbers are added: 2 for Match2, 3 for Match3
   * @param distinct whether the places that are added must differ
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int modulus,
      int order,
      boolean distinct,
      int validationExamples,
      long validationSeed) {

    /**
     * Match3 on six numbers modulo 31, of which about half have a match.
     *
     * @return batches of 128
     */
    public static Options standard() {
      return new Options(128, 6, 31, 3, false, 1024, 0);
    }

    private void check() {
      Checks.range("batch", batch, 1, 1 << 16);
      Checks.range("length", length, 1, 1 << 10);
      Checks.range("modulus", modulus, 2, 1 << 16);
      Checks.range("order", order, 2, 3);
      Checks.tokens(batch, length);
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws org.attentionzoo.blocks.UserException if they do not fit together
   */
  public MatchSums(Options options) {
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
    return TokenBatches.labelled(manager, examples, options.length, this::draw);
  }

  private void draw(SplittableRandom random, long[] inputs, long[] labels, int offset, int length) {
    long[] numbers = new long[length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextInt(options.modulus);
    }
    System.arraycopy(numbers, 0, inputs, offset, numbers.length);
    System.arraycopy(matches(numbers), 0, labels, offset, numbers.length);
  }

  private long[] matches(long[] numbers) {
    long[] found = new long[numbers.length];
    for (int i = 0; i < numbers.length; i++) {
      for (int j = 0; j < numbers.length; j++) {
        if (options.order == 2) {
          found[i] |= differ(i, j) & sums(numbers[i] + numbers[j]);
          continue;
        }
        for (int k = 0; k < numbers.length; k++) {
          found[i] |=
              differ(i, j)
                  & differ(i, k)
                  & differ(j, k)
                  & sums(numbers[i] + numbers[j] + numbers[k]);
        }
      }
    }
    return found;
  }

  private long differ(int first, int second) {
    return options.distinct && first == second ? 0 : 1;
  }

  private long sums(long sum) {
    return sum % options.modulus == 0 ? 1 : 0;
  }
}
