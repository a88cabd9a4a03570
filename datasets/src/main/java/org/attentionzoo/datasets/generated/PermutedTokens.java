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
 * Masked tokens that a permutation determines: x_i = p(x_{i - lag}) for a fixed random permutation
 * p of the symbols that is a single cycle, the first {@code lag} tokens uniform. Some tokens are
 * hidden; who knows at which distance the others stand can recover them from either side, who only
 * knows which tokens there are cannot.
 *
 * <p>Tokens: 0 padding (never shown), 1 mask, 2 to S + 1 symbols. Each position is chosen with
 * probability {@code rate}, one at least; of the chosen ones a share {@code masked} becomes the
 * mask, half of the others a uniform symbol, the rest stay. Inputs and labels are (B, L) int64,
 * labels {@link #IGNORED} except at chosen positions; in validation except at masks alone, since a
 * chosen token that stayed gives itself away. With {@code originals} the unhidden tokens are a
 * second input. Training examples are endless; ids are {@code step * batch + row}.
 */
public final class PermutedTokens implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  /** The token of a hidden position. */
  public static final int MASK = 1;

  private static final int FIRST_SYMBOL = 2;

  private final Options options;
  private final ExamplePlan plan;
  private final int[] permutation;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a sequence
   * @param symbols S, how many symbols there are
   * @param lag how far back the token stands that decides
   * @param rate the probability of a position to be chosen
   * @param masked the share of chosen positions that become the mask, above 0
   * @param originals whether the unhidden tokens are a second input
   * @param permutationSeed decides the permutation
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int symbols,
      int lag,
      double rate,
      double masked,
      boolean originals,
      long permutationSeed,
      int validationExamples,
      long validationSeed) {

    /**
     * BERT's masking of sequences of 48 tokens.
     *
     * @return 32 symbols, lag 3, 15 % chosen, of these 80 % masked
     */
    public static Options standard() {
      return new Options(32, 48, 32, 3, 0.15, 0.8, false, 0, 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("symbols", symbols);
      Checks.positive("lag", lag);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length);
      if (lag >= length) {
        throw new UserException("lag=" + lag + " needs a length above it; got length=" + length);
      }
      Checks.share("rate", rate);
      Checks.share("masked", masked);
      if (masked == 0) {
        throw new UserException("masked=0 hides nothing to be judged; give a share above 0");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public PermutedTokens(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
    SplittableRandom random = SeededStream.of(options.permutationSeed, 0);
    permutation = new int[options.symbols];
    for (int i = 0; i < permutation.length; i++) {
      // one cycle: where a cycle is short its symbols repeat, and the most frequent is a good guess
      int other = random.nextInt(Math.max(i, 1));
      permutation[i] = permutation[other];
      permutation[other] = i;
    }
  }

  /**
   * How many tokens there are.
   *
   * @return padding, mask and symbols together
   */
  public int vocabulary() {
    return FIRST_SYMBOL + options.symbols;
  }

  /**
   * The token that follows at the lag.
   *
   * @param token a symbol's token
   * @return a symbol's token
   */
  public int successor(int token) {
    return FIRST_SYMBOL + permutation[token - FIRST_SYMBOL];
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    long[] inputs = new long[rows * options.length];
    long[] originals = new long[inputs.length];
    long[] labels = new long[inputs.length];
    for (int row = 0; row < rows; row++) {
      draw(examples.random(row), inputs, originals, labels, row * options.length);
    }
    if (examples.validates()) {
      for (int i = 0; i < labels.length; i++) {
        labels[i] = inputs[i] == MASK ? labels[i] : IGNORED;
      }
    }
    Shape shape = new Shape(rows, options.length);
    NDList given = new NDList(Tensors.int64(manager, shape, inputs));
    if (options.originals) {
      given.add(Tensors.int64(manager, shape, originals));
    }
    return new Batch(given, new NDList(Tensors.int64(manager, shape, labels)), examples.ids());
  }

  private void draw(
      SplittableRandom random, long[] inputs, long[] originals, long[] labels, int offset) {
    int sure = random.nextInt(options.length);
    for (int i = 0; i < options.length; i++) {
      int at = offset + i;
      originals[at] =
          i < options.lag ? symbol(random) : successor((int) originals[at - options.lag]);
      inputs[at] = originals[at];
      labels[at] = IGNORED;
      if (random.nextDouble() < options.rate || i == sure) {
        labels[at] = originals[at];
        double fate = random.nextDouble();
        if (fate < options.masked) {
          inputs[at] = MASK;
        } else if (fate < (1 + options.masked) / 2) {
          inputs[at] = symbol(random);
        }
      }
    }
  }

  private int symbol(SplittableRandom random) {
    return FIRST_SYMBOL + random.nextInt(options.symbols);
  }
}
