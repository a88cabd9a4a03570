package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Selective copying (Gu and Dao, "Mamba", 2023, section 4.1.1): some symbols stand among blanks at
 * random places and are to be repeated in their order at the end.
 *
 * <pre>
 *   . . s3 . s1 . . s7 .  ?  ?  ?
 *   labels                s3 s1 s7
 * </pre>
 *
 * <p>One example of L tokens with m symbols: their places uniform over all choices among the first
 * L - m positions, the symbols uniform; the last m tokens are questions. Tokens: 0 blank, 1
 * question, 2 to S + 1 symbols. Inputs and labels are (B, L) int64, labels {@link #IGNORED} except
 * at the questions. Training examples are endless; ids are {@code step * batch + row}. The
 * validation part has {@code validationExamples} of each of the evaluation lengths.
 */
public final class SelectiveCopy implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private static final int QUESTION = 1;
  private static final int FIRST_SYMBOL = 2;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a training sequence, questions included
   * @param copied m, how many symbols are to be copied
   * @param symbols S, how many symbols there are
   * @param evaluationLengths the lengths of the validation part; empty for {@code length} alone
   * @param validationExamples how many sequences of each length the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int copied,
      int symbols,
      List<Integer> evaluationLengths,
      int validationExamples,
      long validationSeed) {

    /** Keeps a copy of the list. */
    public Options {
      evaluationLengths = List.copyOf(evaluationLengths);
    }

    /**
     * Sixteen symbols as in the paper, in a sequence of 128 tokens instead of 4096.
     *
     * @return 16 of 14 symbols, so that there are 16 tokens; batch 64
     */
    public static Options standard() {
      return new Options(64, 128, 16, 14, List.of(), 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("copied", copied);
      Checks.range("symbols", symbols, 2, 1 << 20);
      checkLength("length", length);
      evaluationLengths.forEach(l -> checkLength("evaluationLengths", l));
    }

    private void checkLength(String name, int length) {
      Checks.positive(name, length);
      Checks.tokens(batch, length);
      if (length < 2L * copied) {
        throw new UserException(
            name
                + "="
                + length
                + " is too short for copied="
                + copied
                + "; expected at least "
                + 2L * copied);
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public SelectiveCopy(Options options) {
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
   * How many tokens there are.
   *
   * @return blank, question and symbols together
   */
  public int vocabulary() {
    return FIRST_SYMBOL + options.symbols;
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
    Arrays.fill(labels, offset, offset + length, IGNORED);
    int[] places = Choices.distinct(random, length - options.copied, options.copied);
    Arrays.sort(places);
    int tail = offset + length - options.copied;
    for (int i = 0; i < options.copied; i++) {
      long symbol = FIRST_SYMBOL + random.nextInt(options.symbols);
      inputs[offset + places[i]] = symbol;
      inputs[tail + i] = QUESTION;
      labels[tail + i] = symbol;
    }
  }
}
