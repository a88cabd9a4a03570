package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Key-value associative recall: a sequence shows pairs of a key and a value among random filler,
 * and later the keys again; at each of those, the value that stood after the key is to be
 * predicted.
 *
 * <pre>
 *   f k3 v9 f f k1 v4 k7 v2 f ... f f f ... f  k1 k7 k3
 *   |---------- head ----------|-- filler --| queries |      labels at the queries: v4 v2 v9
 * </pre>
 *
 * <p>One example, drawn from its own stream: {@code pairs} different keys and as many different
 * values, each set uniform, matched at random; the pairs, each a key and its value side by side,
 * placed without overlap, uniformly over all placements in the head; {@code queries} of the keys,
 * in random order, in the last positions; uniform filler everywhere else. The head is the first
 * {@code length - queries - minimumDistance + 1} positions, so that every value is at least {@code
 * minimumDistance} positions before its query, out of sight of attention whose window (the query
 * included) is that long. Queries are keys only: no answer is shown, so that none can be inferred
 * from the others.
 *
 * <p>Tokens: filler 0 to F-1, keys F to F+K-1, values F+K to F+K+V-1. Inputs and labels are (B, L)
 * int64, labels {@link #IGNORED} except at the queries. Training examples are endless; the ids are
 * {@code step * batch + row}. Validation examples come from their own seed.
 */
public final class AssociativeRecall implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a sequence
   * @param pairs how many pairs a sequence shows
   * @param keys K, how many keys there are
   * @param values V, how many values there are
   * @param fillers F, how many filler tokens there are
   * @param queries how many of the pairs are asked for
   * @param minimumDistance the least distance from a value to its query, in positions
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int pairs,
      int keys,
      int values,
      int fillers,
      int queries,
      int minimumDistance,
      int validationExamples,
      long validationSeed) {

    /**
     * All 16 pairs are asked for, at a distance of at least 48: three layers of window 16 look back
     * 45 positions together, so that stacking them does not help.
     *
     * @return 16 pairs of 32 keys and 32 values, length 128, batch 32
     */
    public static Options standard() {
      return new Options(32, 128, 16, 32, 32, 32, 16, 48, 512, 0);
    }

    /**
     * The same with one query, just outside one window of 16.
     *
     * @return one supervised position in a sequence
     */
    public static Options singleQuery() {
      return new Options(32, 128, 16, 32, 32, 32, 1, 16, 512, 0);
    }

    private int head() {
      return length - queries - minimumDistance + 1;
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("pairs", pairs);
      Checks.positive("keys", keys);
      Checks.positive("values", values);
      Checks.positive("fillers", fillers);
      Checks.positive("queries", queries);
      Checks.positive("minimumDistance", minimumDistance);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length);
      if (pairs > keys || pairs > values) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "pairs=%d of different keys and values need at least as many of each; got keys=%d"
                    + " and values=%d",
                pairs,
                keys,
                values));
      }
      if (queries > pairs) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "queries=%d: each pair is asked for at most once; expected at most pairs=%d",
                queries,
                pairs));
      }
      if (head() < 2 * pairs) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "length=%d is too short for pairs=%d, queries=%d and minimumDistance=%d; expected"
                    + " at least %d",
                length,
                pairs,
                queries,
                minimumDistance,
                2 * pairs + queries + minimumDistance - 1));
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public AssociativeRecall(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * How many tokens there are.
   *
   * @return filler, keys and values together
   */
  public int vocabulary() {
    return options.fillers + options.keys + options.values;
  }

  /**
   * The accuracy of guessing among all values: what a model reaches that remembers nothing.
   *
   * @return 1 / values
   */
  public double chance() {
    return 1.0 / options.values;
  }

  /**
   * The accuracy of guessing among the values that a sequence shows: what a model reaches that
   * remembers which values there were but not after which key.
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
    return TokenBatches.labelled(manager, examples, options.length, this::draw);
  }

  private void draw(SplittableRandom random, long[] inputs, long[] labels, int offset, int length) {
    for (int i = 0; i < length; i++) {
      inputs[offset + i] = random.nextInt(options.fillers);
    }
    Arrays.fill(labels, offset, offset + length, IGNORED);
    int[] keys = Choices.distinct(random, options.keys, options.pairs);
    int[] values = Choices.distinct(random, options.values, options.pairs);
    // Where n pairs start among h positions: n of h - n slots in order, each slot before widened.
    int[] slots = Choices.distinct(random, options.head() - options.pairs, options.pairs);
    Arrays.sort(slots);
    for (int pair = 0; pair < options.pairs; pair++) {
      int start = offset + slots[pair] + pair;
      inputs[start] = options.fillers + keys[pair];
      inputs[start + 1] = options.fillers + options.keys + values[pair];
    }
    int[] asked = Choices.distinct(random, options.pairs, options.queries);
    int tail = offset + length - options.queries;
    for (int query = 0; query < options.queries; query++) {
      inputs[tail + query] = options.fillers + keys[asked[query]];
      labels[tail + query] = options.fillers + options.keys + values[asked[query]];
    }
  }
}
