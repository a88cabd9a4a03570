package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Sequences of filler in which a few symbols are marked; the class says whether the first marked
 * symbol equals the last.
 *
 * <pre>
 *   f f g D f g g g f B g f f D f g      marked: D, B, D      class 1
 * </pre>
 *
 * <p>One example, drawn from its own stream: a length from {@code minimumLength} to {@code length},
 * uniform; a number of marks from {@code minimumMarks} to {@code maximumMarks}, uniform; the class,
 * 0 or 1 with equal chance; the first mark in the first quarter, the last in the last quarter, the
 * others at different places between them, all uniform; filler and symbols uniform, but the last
 * symbol the same as the first in class 1 and a uniform other one in class 0. So the two that
 * decide are at least half a length apart, and each alone tells nothing.
 *
 * <p>Tokens: 0 padding, 1 to F filler, F + 1 to F + S marked symbols. Inputs are (B, L) int64 and,
 * if lengths differ, valid (B, L) boolean with the padding last; labels (B) int64. Training
 * examples are endless; ids are {@code step * batch + row}. Validation examples come from their own
 * seed.
 */
public final class MarkedSymbols implements GeneratedSource {

  /** How many classes there are. */
  public static final int CLASSES = 2;

  private static final int PARTS = 4;

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in the longest sequence
   * @param minimumLength tokens in the shortest sequence
   * @param fillers F, how many filler tokens there are
   * @param symbols S, how many symbols there are
   * @param minimumMarks the least number of marked symbols, at least 2
   * @param maximumMarks the largest number of marked symbols
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      int minimumLength,
      int fillers,
      int symbols,
      int minimumMarks,
      int maximumMarks,
      int validationExamples,
      long validationSeed) {

    /**
     * Sequences of 256 tokens without padding.
     *
     * @return 1 filler, 4 symbols, 2 marks, batch 32
     */
    public static Options standard() {
      return new Options(32, 256, 256, 1, 4, 2, 2, 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("minimumLength", minimumLength);
      Checks.positive("fillers", fillers);
      Checks.positive("symbols", symbols);
      Checks.positive("minimumMarks", minimumMarks);
      Checks.positive("maximumMarks", maximumMarks);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length);
      if (minimumLength > length) {
        throw new UserException(
            "minimumLength=" + minimumLength + " is more than length=" + length + "; give less");
      }
      if (symbols < 2) {
        throw new UserException("symbols=" + symbols + "; two must be able to differ: at least 2");
      }
      if (minimumMarks < 2 || maximumMarks < minimumMarks) {
        throw new UserException(
            "minimumMarks="
                + minimumMarks
                + ", maximumMarks="
                + maximumMarks
                + "; expected at least 2 and no more than the maximum");
      }
      int least = Math.max(PARTS, 2 * maximumMarks);
      if (minimumLength < least) {
        throw new UserException(
            "minimumLength="
                + minimumLength
                + " is too short for maximumMarks="
                + maximumMarks
                + "; expected at least "
                + least);
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public MarkedSymbols(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * How many tokens there are.
   *
   * @return padding, filler and symbols together
   */
  public int vocabulary() {
    return 1 + options.fillers + options.symbols;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    long[] inputs = new long[rows * options.length];
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = draw(examples.random(row), inputs, row * options.length);
    }
    NDList given = new NDList(Tensors.int64(manager, new Shape(rows, options.length), inputs));
    if (options.minimumLength < options.length) {
      given.add(given.head().neq(0).toType(DataType.BOOLEAN, false));
    }
    return new Batch(
        given, new NDList(Tensors.int64(manager, new Shape(rows), labels)), examples.ids());
  }

  private long draw(SplittableRandom random, long[] inputs, int offset) {
    int length = options.minimumLength + random.nextInt(options.length - options.minimumLength + 1);
    for (int i = 0; i < length; i++) {
      inputs[offset + i] = 1 + random.nextInt(options.fillers);
    }
    int marks =
        options.minimumMarks + random.nextInt(options.maximumMarks - options.minimumMarks + 1);
    int label = random.nextInt(CLASSES);
    int first = random.nextInt(length / PARTS);
    int last = length - 1 - random.nextInt(length / PARTS);
    for (int left = marks - 2; left > 0; ) {
      int at = first + 1 + random.nextInt(last - first - 1);
      if (inputs[offset + at] <= options.fillers) {
        inputs[offset + at] = 1 + options.fillers + random.nextInt(options.symbols);
        left--;
      }
    }
    int symbol = random.nextInt(options.symbols);
    int other =
        label == 1 ? symbol : (symbol + 1 + random.nextInt(options.symbols - 1)) % options.symbols;
    inputs[offset + first] = 1 + options.fillers + symbol;
    inputs[offset + last] = 1 + options.fillers + other;
    return label;
  }
}
