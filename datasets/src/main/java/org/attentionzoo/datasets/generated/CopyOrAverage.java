package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Items of a key and a value, then questions of two kinds: half of the kinds of questions ask for
 * the value of one key, the others for the value of an item that nobody can know.
 *
 * <pre>
 *   k3v1 k1v0 k0v1 k2v1  s1   e2   s3   e0         items, then questions
 *                        v0   ?    v1   ?          labels; ?: v1, v0, v1 or v1 by chance
 * </pre>
 *
 * <p>One example: n items of different keys, uniform and in random order, each with a uniform
 * value; the questions are uniform among the K sharp and the K even ones. The label of sharp
 * question k is the value of key k, if it is shown; sharp questions are drawn among the keys shown.
 * That of an even question is the value of an item drawn uniformly, so that the best that can be
 * told is how often each value is shown: attention has to be sharp for the one and even for the
 * other.
 *
 * <p>Tokens: values 0 to V - 1, which are labels only; items V + k V + v; sharp questions V + K V +
 * k; even ones V + K V + K + k. Inputs and labels are (B, L) int64, labels -1 except at the
 * questions. Training examples are endless; ids are {@code step * batch + row}.
 */
public final class CopyOrAverage implements GeneratedSource {

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param items n, items in a sequence, at most as many as keys
   * @param questions questions in a sequence
   * @param keys K, how many keys there are
   * @param values V, how many values there are
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int items,
      int questions,
      int keys,
      int values,
      int validationExamples,
      long validationSeed) {

    /**
     * As many items as questions.
     *
     * @return 16 of 16 keys and 8 values, 16 questions, batch 64
     */
    public static Options standard() {
      return new Options(64, 16, 16, 16, 8, 512, 0);
    }

    /**
     * L, the tokens of a sequence.
     *
     * @return items and questions together
     */
    public int length() {
      return items + questions;
    }

    /**
     * How many tokens there are.
     *
     * @return values, items and questions together
     */
    public int vocabulary() {
      return values + keys * values + 2 * keys;
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.range("items", items, 1, MOST);
      Checks.range("questions", questions, 1, MOST);
      Checks.range("keys", keys, 1, MOST);
      Checks.range("values", values, 2, MOST);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length());
      if (items > keys) {
        throw new UserException(
            "items=" + items + " of different keys need as many keys; got keys=" + keys);
      }
    }

    private static final int MOST = 1024;
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public CopyOrAverage(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * The mean loss of who copies without fault and tells the shares of the values without fault.
   *
   * @return half of the mean entropy of the shares, nats
   */
  public double lowestLoss() {
    int n = options.items;
    double one = 1.0 / options.values;
    double entropy = 0;
    double chance = Math.pow(1 - one, n); // of a value being shown 0 times
    for (int shown = 1; shown <= n; shown++) {
      chance *= (n - shown + 1.0) / shown * one / (1 - one);
      double share = (double) shown / n;
      entropy -= options.values * chance * share * Math.log(share);
    }
    return entropy / 2;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    return TokenBatches.labelled(manager, examples, options.length(), this::draw);
  }

  private void draw(SplittableRandom random, long[] inputs, long[] labels, int offset, int length) {
    int[] keys = Choices.distinct(random, options.keys, options.items);
    int[] values = new int[options.items];
    Arrays.fill(labels, offset, offset + options.items, MultiQueryRecall.IGNORED);
    for (int i = 0; i < options.items; i++) {
      values[i] = random.nextInt(options.values);
      inputs[offset + i] = options.values + (long) keys[i] * options.values + values[i];
    }
    int sharp = options.values + options.keys * options.values;
    for (int i = options.items; i < length; i++) {
      int item = random.nextInt(options.items);
      labels[offset + i] = values[item];
      inputs[offset + i] =
          random.nextBoolean()
              ? sharp + keys[item]
              : sharp + options.keys + random.nextInt(options.keys);
    }
  }
}
