package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.SeededStream;

/**
 * Text of random Markov chains over one alphabet, each chain a domain of its own, and with {@code
 * pairs} something to recall from far away.
 *
 * <pre>
 *   k3 v9 k1 v4 | t t t ... t | k1 k3
 *      pairs         text       queries      labels: the next t within the text, v4 v9 at queries
 * </pre>
 *
 * <p>A chain: after each symbol come {@code successors} others, the i-th (from 0) with a
 * probability proportional to {@code successors - i}. They are drawn once, from {@code
 * grammarSeed}, and no two domains share a transition, so that two symbols in a row tell which
 * domain a text is of. One example: its domain uniform, unless {@code domain} says which; different
 * keys and different values, matched at random; the text, begun with a uniform symbol; in the last
 * positions all keys, in random order, {@code rounds} times.
 *
 * <p>Tokens: symbols 0 to S - 1, keys S to S + K - 1, values S + K to S + K + V - 1; the last two
 * only with {@code pairs}. Inputs and labels are (B, L) int64, labels {@link #IGNORED} where
 * nothing is to be predicted. Training examples are endless; ids are {@code step * batch + row}.
 */
public final class MarkovText implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private final Options options;
  private final ExamplePlan plan;

  /** [domain][symbol]: what may follow, the most probable first. */
  private final int[][][] successors;

  /** What is to be predicted. */
  public enum Predicted {
    /** Text and values. */
    ALL,
    /** The next symbol of the text alone. */
    TEXT,
    /** The values at the queries alone. */
    VALUES
  }

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a sequence
   * @param symbols S, the size of the alphabet
   * @param successors how many symbols may follow one
   * @param domains how many chains there are
   * @param domain the only one that is drawn, from 0; -1 for all
   * @param pairs how many pairs a sequence begins with
   * @param rounds how many times each of them is asked for at the end
   * @param keys K, how many keys there are
   * @param values V, how many values there are
   * @param predicted what is to be predicted
   * @param grammarSeed decides the chains
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int symbols,
      int successors,
      int domains,
      int domain,
      int pairs,
      int rounds,
      int keys,
      int values,
      Predicted predicted,
      long grammarSeed,
      int validationExamples,
      long validationSeed) {

    /**
     * Two domains of 32 symbols, four of which may follow one.
     *
     * @return 64 tokens, batch 32, no pairs
     */
    public static Options standard() {
      return new Options(32, 64, 32, 4, 2, -1, 0, 1, 16, 16, Predicted.ALL, 0, 256, 0);
    }

    private long queries() {
      return (long) pairs * rounds;
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("symbols", symbols);
      Checks.positive("successors", successors);
      Checks.positive("domains", domains);
      Checks.positive("keys", keys);
      Checks.positive("values", values);
      Checks.positive("validationExamples", validationExamples);
      Checks.range("symbols", symbols, 1, 1 << 12);
      Checks.range("domain", domain, -1, domains - 1);
      Checks.range("pairs", pairs, 0, Math.min(keys, values));
      Checks.range("rounds", rounds, 1, 1 << 10);
      Checks.tokens(batch, length);
      if ((long) domains * successors > symbols) {
        throw new UserException(
            "domains="
                + domains
                + " that share no transition need symbols="
                + (long) domains * successors
                + " or more with successors="
                + successors
                + "; got symbols="
                + symbols);
      }
      long least = 2L + 2L * pairs + queries();
      if (length < least) {
        throw new UserException(
            "length="
                + length
                + " is too short for pairs="
                + pairs
                + " and rounds="
                + rounds
                + "; expected at least "
                + least);
      }
      if (pairs == 0 && predicted == Predicted.VALUES) {
        throw new UserException("predicted=values needs pairs of at least 1");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public MarkovText(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
    successors = new int[options.domains][options.symbols][];
    SplittableRandom random = SeededStream.of(options.grammarSeed, 0);
    for (int symbol = 0; symbol < options.symbols; symbol++) {
      int all = options.domains * options.successors;
      int[] following = Choices.distinct(random, options.symbols, all);
      for (int domain = 0; domain < options.domains; domain++) {
        int from = domain * options.successors;
        successors[domain][symbol] = Arrays.copyOfRange(following, from, from + options.successors);
      }
    }
  }

  /**
   * How many tokens there are.
   *
   * @return symbols, and keys and values if there are pairs
   */
  public int vocabulary() {
    return options.pairs == 0 ? options.symbols : options.symbols + options.keys + options.values;
  }

  /**
   * The loss of who knows the chains and which of them a text is of.
   *
   * @return the entropy of the next symbol in nats
   */
  public double entropy() {
    double total = options.successors * (options.successors + 1) / 2.0;
    double entropy = 0;
    for (int i = 0; i < options.successors; i++) {
      double p = (options.successors - i) / total;
      entropy -= p * Math.log(p);
    }
    return entropy;
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
    Arrays.fill(labels, offset, offset + length, IGNORED);
    int domain = options.domain < 0 ? random.nextInt(options.domains) : options.domain;
    int[] keys = Choices.distinct(random, options.keys, options.pairs);
    int[] values = Choices.distinct(random, options.values, options.pairs);
    int firstValue = options.symbols + options.keys;
    int at = offset;
    for (int pair = 0; pair < options.pairs; pair++) {
      inputs[at++] = options.symbols + keys[pair];
      inputs[at++] = firstValue + values[pair];
    }
    int queries = offset + length - (int) options.queries();
    int symbol = random.nextInt(options.symbols);
    for (; at < queries; at++) {
      inputs[at] = symbol;
      symbol = next(random, successors[domain][symbol]);
      if (options.predicted != Predicted.VALUES && (at + 1 < queries || options.pairs == 0)) {
        labels[at] = symbol;
      }
    }
    for (int round = 0; round < options.rounds; round++) {
      for (int pair : Choices.distinct(random, options.pairs, options.pairs)) {
        inputs[at] = options.symbols + keys[pair];
        if (options.predicted != Predicted.TEXT) {
          labels[at] = firstValue + values[pair];
        }
        at++;
      }
    }
  }

  private static int next(SplittableRandom random, int[] following) {
    int count = following.length;
    int place = random.nextInt(count * (count + 1) / 2);
    int i = 0;
    for (int weight = count; place >= weight; weight--) {
      place -= weight;
      i++;
    }
    return following[i];
  }
}
