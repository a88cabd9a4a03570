package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Multi-query associative recall, the generator of Arora et al., "Zoology: Measuring and Improving
 * Recall in Efficient Language Models" (2023): a sequence begins with pairs of a key and a value;
 * each key comes once more, after a gap that a power law decides, and there its value is to be
 * predicted.
 *
 * <pre>
 *   k3 v9 k1 v4 k7 v2 k1 r k3 r r r k7 r r r      r: any token
 *                     |    |        |
 *   labels            v4   v9       v2
 * </pre>
 *
 * <p>One example of L tokens, n pairs, V tokens in the vocabulary: n different keys of [1, V/2) and
 * n different values of [V/2, V), uniform; the S = (L - 2n) / 2 places 2n, 2n + 2, ... are for the
 * keys: gaps g in [0, S) are drawn one after the other without replacement, each with a probability
 * proportional to (g + 1)^(power - 1) among those left, the i-th for the i-th key. Every other
 * token after the pairs is uniform over the whole vocabulary, or 0 without {@code randomFiller}. No
 * value is shown after a query.
 *
 * <p>Inputs and labels are (B, L) int64, labels {@link #IGNORED} except at the queries. Training
 * examples are endless; ids are {@code step * batch + row}. The validation part has {@code
 * validationExamples} of each of the evaluation lengths.
 */
public final class MultiQueryRecall implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a training sequence, even
   * @param pairs n, how many pairs a sequence shows; at most a quarter of the length
   * @param vocabulary V, how many tokens there are
   * @param power a, the power of the gaps; 1 makes them uniform, less makes short ones frequent
   * @param randomFiller whether what is neither pair nor query is a random token; else it is 0
   * @param evaluationLengths the lengths of the validation part; empty for {@code length} alone
   * @param validationExamples how many sequences of each length the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int pairs,
      int vocabulary,
      double power,
      boolean randomFiller,
      List<Integer> evaluationLengths,
      int validationExamples,
      long validationSeed) {

    /** Keeps a copy of the list. */
    public Options {
      evaluationLengths = List.copyOf(evaluationLengths);
    }

    /**
     * The first length of the published suite with a vocabulary that small models can learn in
     * minutes; the suite's own has 8192 tokens.
     *
     * @return 4 pairs in 64 tokens of 128, power 0.01, batch 64
     */
    public static Options standard() {
      return new Options(64, 64, 4, 128, 0.01, true, List.of(), 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("pairs", pairs);
      Checks.positive("vocabulary", vocabulary);
      Checks.finite("power", power);
      Checks.range("power", (long) Math.ceil(Math.abs(power)), 0, 16);
      checkLength("length", length);
      evaluationLengths.forEach(l -> checkLength("evaluationLengths", l));
      if (pairs > vocabulary / 2 - 1) {
        throw new UserException(
            "pairs="
                + pairs
                + " of different keys need a vocabulary of at least "
                + 2 * (pairs + 1)
                + " (half of it are keys, 0 is none); got vocabulary="
                + vocabulary);
      }
    }

    private void checkLength(String name, int length) {
      Checks.positive(name, length);
      Checks.tokens(batch, length);
      if (length % 2 != 0 || length < 4L * pairs) {
        throw new UserException(
            name
                + "="
                + length
                + "; pairs="
                + pairs
                + " need an even length of at least "
                + 4L * pairs);
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public MultiQueryRecall(Options options) {
    options.check();
    this.options = options;
    plan =
        ExamplePlan.byLength(
            options.batch,
            options.evaluationLengths,
            options.validationExamples,
            options.validationSeed);
  }

  /**
   * The accuracy of guessing among the values that a sequence shows.
   *
   * @return 1 / pairs
   */
  public double chanceAmongShown() {
    return 1.0 / options.pairs;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int length = examples.length(options.length, options.evaluationLengths);
    return TokenBatches.labelled(manager, examples, length, this::draw);
  }

  private void draw(SplittableRandom random, long[] inputs, long[] labels, int offset, int length) {
    int half = options.vocabulary / 2;
    int[] keys = Choices.distinct(random, half - 1, options.pairs);
    int[] values = Choices.distinct(random, options.vocabulary - half, options.pairs);
    int context = 2 * options.pairs;
    int[] gaps = gaps(random, (length - context) / 2, options.pairs, options.power);
    Arrays.fill(labels, offset, offset + length, IGNORED);
    for (int i = context; i < length; i++) {
      inputs[offset + i] = options.randomFiller ? random.nextInt(options.vocabulary) : 0;
    }
    for (int i = 0; i < options.pairs; i++) {
      inputs[offset + 2 * i] = 1 + keys[i];
      inputs[offset + 2 * i + 1] = half + values[i];
      int query = offset + context + 2 * gaps[i];
      inputs[query] = 1 + keys[i];
      labels[query] = half + values[i];
    }
  }

  /**
   * Draws without replacement, the next always with a probability proportional to (g + 1)^(power -
   * 1) among those left: the order in which clocks of those rates ring.
   */
  static int[] gaps(SplittableRandom random, int space, int count, double power) {
    double[] times = new double[space];
    for (int g = 0; g < space; g++) {
      times[g] = -Math.log(1 - random.nextDouble()) / Math.pow(g + 1.0, power - 1);
    }
    return Choices.smallest(times, count);
  }
}
