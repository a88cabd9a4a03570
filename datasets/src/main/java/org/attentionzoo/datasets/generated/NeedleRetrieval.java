package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDManager;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

/**
 * Needles in a haystack: somewhere in a long sequence stands what a key's value is, and at the end
 * the value is asked for (the passkey of Mohtashami and Jaggi, "Landmark Attention", 2023; with
 * several needles the multi-key task of Hsieh et al., "RULER", 2024).
 *
 * <p>One example of L tokens, k needles, values of a tokens: a haystack; in it, without overlap and
 * uniform over all placements, k needles with different keys and uniform values; then the question
 * for the key of one needle, uniform; then the first a - 1 tokens of the answer. The labels are the
 * a tokens of the answer, at the last a positions; a sequence is answered if all are right.
 *
 * <ul>
 *   <li>Generated haystack: uniform filler. Tokens: 0 the mark, 1 to K keys, then V symbols of
 *       values, then F fillers. A needle is mark, key, value; the question is mark, key. The values
 *       are different in their first symbol, so that none can be mistaken for another.
 *   <li>Text: bytes, a stretch of the text that begins anywhere; training examples take it from the
 *       first nine tenths, validation examples from the rest, which begins anew where it ends. A
 *       needle is the sentence <code>&nbsp;The magic number of &lt;key&gt; is &lt;value&gt;.</code>
 *       , the key three letters, the value decimal digits; the question is the sentence up to the
 *       value.
 * </ul>
 *
 * <p>Inputs and labels are (B, L) int64, labels {@link #IGNORED} except at the answer. Training
 * examples are endless; ids are {@code step * batch + row}. The validation part has {@code
 * validationExamples} of each of the evaluation lengths.
 */
public final class NeedleRetrieval implements GeneratedSource {

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private static final int MARK = 0;
  private static final int BYTES = 256;
  private static final int LETTERS = 26;
  private static final int KEY_LETTERS = 3;
  private static final int DIGITS = 10;

  private final Options options;
  private final byte[] training;
  private final byte[] validation;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, tokens in a training sequence
   * @param evaluationLengths the lengths of the validation part; empty for {@code length} alone
   * @param needles k, how many needles a sequence has
   * @param answer a, how many tokens a value has
   * @param keys K, how many keys there are in a generated haystack
   * @param values V, how many symbols values are made of in a generated haystack
   * @param fillers F, how many filler tokens there are in a generated haystack
   * @param validationExamples how many sequences of each length the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int length,
      List<Integer> evaluationLengths,
      int needles,
      int answer,
      int keys,
      int values,
      int fillers,
      int validationExamples,
      long validationSeed) {

    /** Keeps a copy of the list. */
    public Options {
      evaluationLengths = List.copyOf(evaluationLengths);
    }

    /**
     * One needle of one token among 128, judged on sequences of up to eight times the length.
     *
     * @return 16 keys, 16 values, 16 fillers, batch 32
     */
    public static Options standard() {
      return new Options(32, 128, List.of(128, 256, 512, 1024), 1, 1, 16, 16, 16, 128, 0);
    }
  }

  private NeedleRetrieval(Options options, byte[] training, byte[] validation) {
    this.options = options;
    this.training = training;
    this.validation = validation;
    Checks.positive("batch", options.batch);
    Checks.positive("needles", options.needles);
    Checks.range("answer", options.answer, 1, 1 << 10);
    Checks.positive("keys", options.keys);
    Checks.positive("values", options.values);
    Checks.positive("fillers", options.fillers);
    if (training == null && (options.needles > options.keys || options.needles > options.values)) {
      throw new UserException(
          "needles="
              + options.needles
              + " of different keys and values need at least as many of each; got keys="
              + options.keys
              + " and values="
              + options.values);
    }
    checkLength("length", options.length);
    options.evaluationLengths.forEach(l -> checkLength("evaluationLengths", l));
    plan =
        ExamplePlan.byLength(
            options.batch,
            options.evaluationLengths,
            options.validationExamples,
            options.validationSeed);
  }

  /**
   * Needles in generated filler.
   *
   * @param options the options
   * @return the task
   * @throws UserException if they do not fit together
   */
  public static NeedleRetrieval inFiller(Options options) {
    return new NeedleRetrieval(options, null, null);
  }

  /**
   * Needles in text.
   *
   * @param options the options
   * @param training the text of training examples; copied
   * @param validation the text of validation examples; copied
   * @return the task
   * @throws UserException if they do not fit together, or a text is empty
   */
  public static NeedleRetrieval inText(Options options, byte[] training, byte[] validation) {
    if (training.length == 0 || validation.length == 0) {
      throw new UserException("the haystack is empty; give a text of some kilobytes");
    }
    Checks.range("needles", options.needles, 1, LETTERS * LETTERS);
    return new NeedleRetrieval(options, training.clone(), validation.clone());
  }

  private void checkLength(String name, int length) {
    Checks.positive(name, length);
    Checks.tokens(options.batch, length);
    int least = needleLength() * options.needles + questionLength() + options.answer - 1;
    if (length < least) {
      throw new UserException(
          name
              + "="
              + length
              + " is too short for needles="
              + options.needles
              + " with answer="
              + options.answer
              + "; expected at least "
              + least);
    }
  }

  private boolean isText() {
    return training != null;
  }

  private int needleLength() {
    return needle(new int[KEY_LETTERS], new int[options.answer]).length;
  }

  private int questionLength() {
    return question(new int[KEY_LETTERS]).length;
  }

  /**
   * How many tokens there are.
   *
   * @return mark, keys, values and fillers together; 256 in text
   */
  public int vocabulary() {
    return isText() ? BYTES : 1 + options.keys + options.values + options.fillers;
  }

  /**
   * The accuracy of guessing a token of the answer.
   *
   * @return 1 / values; a tenth in text
   */
  public double chance() {
    return 1.0 / (isText() ? DIGITS : options.values);
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int length = examples.length(options.length, options.evaluationLengths);
    byte[] text = examples.validates() ? validation : training;
    return TokenBatches.labelled(
        manager,
        examples,
        length,
        (random, inputs, labels, offset, tokens) ->
            draw(random, text, inputs, labels, offset, tokens));
  }

  private void draw(
      SplittableRandom random, byte[] text, long[] inputs, long[] labels, int offset, int length) {
    int haystack = length - questionLength() - options.answer + 1;
    fill(random, text, inputs, offset, haystack);
    int[][] keys = keys(random);
    int[][] values = values(random);
    int[] lengths = new int[options.needles];
    Arrays.fill(lengths, needleLength());
    int[] starts = Choices.placements(random, haystack, lengths);
    for (int i = 0; i < options.needles; i++) {
      put(needle(keys[i], values[i]), inputs, offset + starts[i]);
    }
    int asked = random.nextInt(options.needles);
    put(question(keys[asked]), inputs, offset + haystack);
    int[] answer = tokens(values[asked]);
    Arrays.fill(labels, offset, offset + length, IGNORED);
    put(answer, labels, offset + length - options.answer);
    put(Arrays.copyOf(answer, options.answer - 1), inputs, offset + length - options.answer + 1);
  }

  private void fill(SplittableRandom random, byte[] text, long[] inputs, int offset, int count) {
    int start = isText() ? random.nextInt(text.length) : 0;
    for (int i = 0; i < count; i++) {
      inputs[offset + i] =
          isText()
              ? text[(start + i) % text.length] & 0xFF
              : 1 + options.keys + options.values + random.nextInt(options.fillers);
    }
  }

  private int[][] keys(SplittableRandom random) {
    int[][] keys = new int[options.needles][];
    int different = isText() ? LETTERS * LETTERS * LETTERS : options.keys;
    int[] chosen = Choices.distinct(random, different, options.needles);
    for (int i = 0; i < keys.length; i++) {
      int key = chosen[i];
      keys[i] =
          isText()
              ? new int[] {key / (LETTERS * LETTERS), key / LETTERS % LETTERS, key % LETTERS}
              : new int[] {key};
    }
    return keys;
  }

  private int[][] values(SplittableRandom random) {
    int symbols = isText() ? DIGITS : options.values;
    int[][] values = new int[options.needles][options.answer];
    for (int[] value : values) {
      Arrays.setAll(value, i -> random.nextInt(symbols));
    }
    if (!isText()) {
      int[] firsts = Choices.distinct(random, symbols, options.needles);
      for (int i = 0; i < values.length; i++) {
        values[i][0] = firsts[i];
      }
    }
    return values;
  }

  private int[] needle(int[] key, int[] value) {
    int[] question = question(key);
    int[] answer = tokens(value);
    int[] needle = Arrays.copyOf(question, question.length + answer.length + (isText() ? 1 : 0));
    System.arraycopy(answer, 0, needle, question.length, answer.length);
    if (isText()) {
      needle[needle.length - 1] = '.';
    }
    return needle;
  }

  private int[] question(int[] key) {
    if (!isText()) {
      return new int[] {MARK, 1 + key[0]};
    }
    String name = "" + (char) ('a' + key[0]) + (char) ('a' + key[1]) + (char) ('a' + key[2]);
    byte[] sentence = (" The magic number of " + name + " is ").getBytes(StandardCharsets.US_ASCII);
    int[] tokens = new int[sentence.length];
    Arrays.setAll(tokens, i -> sentence[i]);
    return tokens;
  }

  private int[] tokens(int[] value) {
    int first = isText() ? '0' : 1 + options.keys;
    return Arrays.stream(value).map(symbol -> first + symbol).toArray();
  }

  private static void put(int[] tokens, long[] target, int at) {
    for (int i = 0; i < tokens.length; i++) {
      target[at + i] = tokens[i];
    }
  }
}
