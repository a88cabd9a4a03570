package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * From one sequence to another: what is marked in the source is to be written down in its order.
 *
 * <pre>
 *   source  s3 S5 s1 s7 S2 S5      capitals are marked
 *   target  .  s5 s2
 *   labels  s5 s2 s5
 * </pre>
 *
 * <p>One example: the places of m marked symbols, uniform over all choices; all L symbols uniform.
 * The target begins with a start token, and each of its places is to tell the next symbol. Tokens:
 * 0 start, 1 to S symbols, S + 1 to 2 S the same marked. Inputs are source (B, L) and target (B, m)
 * int64, labels (B, m) int64. Training examples are endless; ids are {@code step * batch + row}.
 * Validation examples come from their own seed.
 */
public final class Extraction implements GeneratedSource {

  private final Options options;
  private final ExamplePlan plan;

  /**
   * The options.
   *
   * @param batch B, sequences in a batch
   * @param length L, symbols of a source
   * @param marked m, how many of them are marked, at most all
   * @param symbols S, how many symbols there are
   * @param validationExamples how many sequences the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch, int length, int marked, int symbols, int validationExamples, long validationSeed) {

    /**
     * Twelve of 48.
     *
     * @return of 32 symbols, batch 64
     */
    public static Options standard() {
      return new Options(64, 48, 12, 32, 512, 0);
    }

    private void check() {
      Checks.positive("batch", batch);
      Checks.positive("length", length);
      Checks.positive("marked", marked);
      Checks.range("symbols", symbols, 2, 1 << 20);
      Checks.positive("validationExamples", validationExamples);
      Checks.tokens(batch, length);
      if (marked > length) {
        throw new UserException("marked=" + marked + " is more than length=" + length);
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public Extraction(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * How many tokens there are.
   *
   * @return the start token, and all symbols plain and marked
   */
  public int vocabulary() {
    return 1 + 2 * options.symbols;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    int marked = options.marked;
    long[] sources = new long[rows * options.length];
    long[] targets = new long[rows * marked];
    long[] labels = new long[rows * marked];
    for (int row = 0; row < rows; row++) {
      draw(examples.random(row), sources, row * options.length, labels, row * marked);
      System.arraycopy(labels, row * marked, targets, row * marked + 1, marked - 1);
    }
    Shape shape = new Shape(rows, marked);
    return new Batch(
        new NDList(
            Tensors.int64(manager, new Shape(rows, options.length), sources),
            Tensors.int64(manager, shape, targets)),
        new NDList(Tensors.int64(manager, shape, labels)),
        examples.ids());
  }

  private void draw(SplittableRandom random, long[] sources, int from, long[] labels, int to) {
    for (int i = 0; i < options.length; i++) {
      sources[from + i] = 1 + random.nextInt(options.symbols);
    }
    int[] places = Choices.distinct(random, options.length, options.marked);
    Arrays.sort(places);
    for (int i = 0; i < places.length; i++) {
      labels[to + i] = sources[from + places[i]];
      sources[from + places[i]] += options.symbols;
    }
  }
}
