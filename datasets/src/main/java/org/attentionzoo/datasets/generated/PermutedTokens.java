package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
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
public final class PermutedTokens implements BatchSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  /** The token of a hidden position. */
  public static final int MASK = 1;

  private static final int FIRST_SYMBOL = 2;
  private static final int LARGEST = 1 << 20;

  /** Keeps validation apart from a training run that has the same seed. */
  private static final long VALIDATION = 0x56414C4944415445L;

  private final Options options;
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
      positive("batch", batch);
      positive("length", length);
      positive("symbols", symbols);
      positive("lag", lag);
      positive("validationExamples", validationExamples);
      if ((long) batch * length > 1L << 27) {
        throw new UserException(
            "batch=" + batch + " times length=" + length + " is more than 2^27 tokens; give less");
      }
      if (lag >= length) {
        throw new UserException("lag=" + lag + " needs a length above it; got length=" + length);
      }
      share("rate", rate);
      share("masked", masked);
      if (masked == 0) {
        throw new UserException("masked=0 hides nothing to be judged; give a share above 0");
      }
    }

    private static void positive(String name, int value) {
      if (value < 1 || value > LARGEST) {
        throw new UserException(name + "=" + value + "; expected a number from 1 to " + LARGEST);
      }
    }

    private static void share(String name, double value) {
      if (!(value >= 0 && value <= 1)) {
        throw new UserException(name + "=" + value + "; expected a number from 0 to 1");
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
  public Batch training(NDManager manager, long seed, long step) {
    return batch(manager, seed, step * options.batch, options.batch, false);
  }

  @Override
  public int validationBatches() {
    return (options.validationExamples - 1) / options.batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * options.batch;
    int rows = Math.min(options.batch, options.validationExamples - first);
    return batch(manager, options.validationSeed ^ VALIDATION, first, rows, true);
  }

  private Batch batch(NDManager manager, long seed, long first, int rows, boolean masksOnly) {
    long[] inputs = new long[rows * options.length];
    long[] originals = new long[inputs.length];
    long[] labels = new long[inputs.length];
    long[] ids = new long[rows];
    for (int row = 0; row < rows; row++) {
      ids[row] = first + row;
      draw(SeededStream.of(seed, ids[row]), inputs, originals, labels, row * options.length);
    }
    if (masksOnly) {
      for (int i = 0; i < labels.length; i++) {
        labels[i] = inputs[i] == MASK ? labels[i] : IGNORED;
      }
    }
    Shape shape = new Shape(rows, options.length);
    NDList given = new NDList(Tensors.int64(manager, shape, inputs));
    if (options.originals) {
      given.add(Tensors.int64(manager, shape, originals));
    }
    return new Batch(given, new NDList(Tensors.int64(manager, shape, labels)), ids);
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
