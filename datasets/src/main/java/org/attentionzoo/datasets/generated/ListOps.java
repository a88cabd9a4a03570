package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * ListOps (Nangia and Bowman 2018) as the Long Range Arena generates it (Tay et al. 2021): nested
 * operations on lists of digits; the class is the value.
 *
 * <pre>
 *   [MAX 4 3 [MIN 2 3 ] 1 0 [MED 1 5 8 9 2 ] ]        class 5
 * </pre>
 *
 * <p>One example: an expression at depth 1. An expression at a depth below {@code maximumDepth} is,
 * with probability 1/4, an operator, uniform over MIN, MAX, MED (median; of two in the middle the
 * mean, rounded down) and SM (sum modulo 10), 2 to {@code maximumArguments} expressions of the next
 * depth, their number uniform, and an end; else, and at the greatest depth, a digit, uniform.
 * Expressions are drawn anew until one has more than {@code minimumLength} and fewer than {@code
 * length} tokens.
 *
 * <p>Tokens: 0 padding, 1 to 10 the digits 0 to 9, 11 MIN, 12 MAX, 13 MED, 14 SM, 15 the end, 16
 * the question (of answers only). Training examples are endless, ids {@code step * batch + row}.
 *
 * <ul>
 *   <li>As classes: inputs (B, L) int64 and valid (B, L) boolean, padded at the end to the longest
 *       of the batch; labels (B) int64, 0 to 9.
 *   <li>As answers, for causal language models: the expression, the question, padding; labels (B,
 *       L) int64, the token of the value at the question, {@link #IGNORED} elsewhere.
 * </ul>
 */
public final class ListOps implements GeneratedSource {

  /** How many classes there are. */
  public static final int CLASSES = 10;

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private static final int DIGITS = 1;
  private static final int MINIMUM = 11;
  private static final int MAXIMUM = 12;
  private static final int MEDIAN = 13;
  private static final int END = 15;
  private static final int QUESTION = 16;
  private static final int OPERATORS = 4;
  private static final double OPERATION = 0.25;
  private static final int MOST_TRIES = 1 << 20;

  private final Options options;
  private final ExamplePlan plan;

  /** What is to be predicted. */
  public enum Form {
    /** One of ten classes for the whole sequence. */
    CLASSES,
    /** The token after the question. */
    ANSWER
  }

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param minimumLength sequences have more tokens than this
   * @param length sequences have fewer tokens than this
   * @param maximumDepth the depth at which all expressions are digits
   * @param maximumArguments the most arguments of an operator
   * @param form what is to be predicted
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int minimumLength,
      int length,
      int maximumDepth,
      int maximumArguments,
      Form form,
      int validationExamples,
      long validationSeed) {

    /**
     * The limits of the Long Range Arena.
     *
     * @return 501 to 1999 tokens, depth and arguments 10, classes, batch 32
     */
    public static Options standard() {
      return new Options(32, 500, 2000, 10, 10, Form.CLASSES, 2000, 0);
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together, also if expressions of such lengths are
   *     rarer than one in a million
   */
  public ListOps(Options options) {
    Checks.positive("length", options.length);
    Checks.range("minimumLength", options.minimumLength, 0, options.length - 2L);
    Checks.range("maximumDepth", options.maximumDepth, 1, 64);
    Checks.range("maximumArguments", options.maximumArguments, 2, 1 << 10);
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
    Checks.tokens(options.batch, options.length);
    this.options = options;
    expression(plan.validation(0).random(0));
  }

  /**
   * How many tokens there are.
   *
   * @return 16; 17 with the question
   */
  public int vocabulary() {
    return options.form == Form.ANSWER ? QUESTION + 1 : QUESTION;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    Expression[] expressions = new Expression[rows];
    int longest = 0;
    for (int row = 0; row < rows; row++) {
      expressions[row] = expression(examples.random(row));
      longest = Math.max(longest, expressions[row].length);
    }
    return options.form == Form.ANSWER
        ? answers(manager, expressions, longest + 1, examples.ids())
        : classes(manager, expressions, longest, examples.ids());
  }

  private static Batch classes(
      NDManager manager, Expression[] expressions, int length, long[] ids) {
    long[] inputs = new long[expressions.length * length];
    long[] labels = new long[expressions.length];
    for (int row = 0; row < labels.length; row++) {
      expressions[row].put(inputs, row * length);
      labels[row] = expressions[row].value;
    }
    NDList given = new NDList(Tensors.int64(manager, new Shape(labels.length, length), inputs));
    given.add(given.head().neq(0).toType(DataType.BOOLEAN, false));
    return new Batch(
        given, new NDList(Tensors.int64(manager, new Shape(labels.length), labels)), ids);
  }

  private static Batch answers(
      NDManager manager, Expression[] expressions, int length, long[] ids) {
    long[] inputs = new long[expressions.length * length];
    long[] labels = new long[inputs.length];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < expressions.length; row++) {
      expressions[row].put(inputs, row * length);
      int question = row * length + expressions[row].length;
      inputs[question] = QUESTION;
      labels[question] = DIGITS + expressions[row].value;
    }
    Shape shape = new Shape(expressions.length, length);
    return new Batch(
        new NDList(Tensors.int64(manager, shape, inputs)),
        new NDList(Tensors.int64(manager, shape, labels)),
        ids);
  }

  private Expression expression(SplittableRandom random) {
    for (int i = 0; i < MOST_TRIES; i++) {
      Expression expression = new Expression(random, options);
      if (expression.length > options.minimumLength && expression.length < options.length) {
        return expression;
      }
    }
    throw new UserException(
        "no expression of more than minimumLength="
            + options.minimumLength
            + " and fewer than length="
            + options.length
            + " tokens came in a million with maximumDepth="
            + options.maximumDepth
            + " and maximumArguments="
            + options.maximumArguments
            + "; give a wider range or greater limits");
  }

  /** An expression, drawn until it is whole or too long. */
  private static final class Expression {
    private final SplittableRandom random;
    private final Options options;
    private int[] tokens = new int[64];
    private int length;
    private final int value;

    Expression(SplittableRandom random, Options options) {
      this.random = random;
      this.options = options;
      value = draw(1);
    }

    private int draw(int depth) {
      if (depth >= options.maximumDepth || random.nextDouble() >= OPERATION) {
        int digit = random.nextInt(CLASSES);
        add(DIGITS + digit);
        return digit;
      }
      int[] values = new int[2 + random.nextInt(options.maximumArguments - 1)];
      int operator = MINIMUM + random.nextInt(OPERATORS);
      add(operator);
      // What has become too long is thrown away: the rest need not be drawn.
      for (int i = 0; i < values.length && length < options.length; i++) {
        values[i] = draw(depth + 1);
      }
      add(END);
      return apply(operator, values);
    }

    private void add(int token) {
      if (length == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * length);
      }
      tokens[length++] = token;
    }

    private static int apply(int operator, int[] values) {
      Arrays.sort(values);
      int middle = values.length / 2;
      return switch (operator) {
        case MINIMUM -> values[0];
        case MAXIMUM -> values[values.length - 1];
        case MEDIAN ->
            values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
        default -> Arrays.stream(values).sum() % CLASSES;
      };
    }

    void put(long[] target, int at) {
      for (int i = 0; i < length; i++) {
        target[at + i] = tokens[i];
      }
    }
  }
}
