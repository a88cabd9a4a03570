package org.attentionzoo.datasets.recommendation;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Generated sequences in which every third item is f(the item two steps back), with f a fixed
 * permutation, and all others are uniform: the next item follows from the order of the history, not
 * from which items it holds. Asked for are the determined items only, among all items.
 */
public final class ItemOrder implements RankingSource {

  private static final int PERIOD = 3;
  private static final int BACK = 2;
  private static final long PERMUTATION = 0x0F_0F_0F;
  private static final long VALIDATION = 0x5A_5A_5A;
  private static final int COUNTED = 5000;
  private static final int MOST = 1 << 20;

  private final Options options;
  private final int slots;
  private final int[] next;

  /**
   * The choices.
   *
   * @param items how many items there are
   * @param length how many items a sequence has
   * @param batch how many sequences a batch has
   * @param negatives how many items are drawn beside each target; 0 for all items
   * @param validationExamples how many sequences are asked about
   * @param dataSeed decides the permutation and the sequences that are asked about
   */
  public record Options(
      int items, int length, int batch, int negatives, int validationExamples, long dataSeed) {

    /** Checks the numbers. */
    public Options {
      range("items", items, 2);
      range("length", length, PERIOD);
      range("batch", batch, 1);
      range("negatives", negatives, 0);
      range("validationExamples", validationExamples, 1);
    }

    private static void range(String name, int value, int least) {
      if (value < least || value > MOST) {
        throw new IllegalArgumentException(
            name + "=" + value + "; expected a number from " + least + " to " + MOST);
      }
    }
  }

  /**
   * Creates the data.
   *
   * @param options the choices
   * @param slots how many items of a history a model sees
   */
  public ItemOrder(Options options, int slots) {
    this.options = options;
    this.slots = slots;
    next = permutation(options.items(), SeededStream.of(options.dataSeed() ^ PERMUTATION, 0));
  }

  private static int[] permutation(int items, SplittableRandom random) {
    int[] image = IntStream.rangeClosed(0, items).toArray();
    for (int i = items; i > 1; i--) {
      int other = 1 + random.nextInt(i);
      int swapped = image[other];
      image[other] = image[i];
      image[i] = swapped;
    }
    return image;
  }

  private int[] sequence(SplittableRandom random) {
    int[] items = new int[options.length()];
    for (int t = 0; t < items.length; t++) {
      items[t] = isDetermined(t) ? next[items[t - BACK]] : 1 + random.nextInt(options.items());
    }
    return items;
  }

  private static boolean isDetermined(int t) {
    return t % PERIOD == PERIOD - 1;
  }

  /** {@inheritDoc} */
  @Override
  public int items() {
    return options.items();
  }

  /** {@inheritDoc} */
  @Override
  public Stream<int[]> trainingSequences() {
    return LongStream.range(0, COUNTED).mapToObj(i -> sequence(SeededStream.of(1, i)));
  }

  /** {@inheritDoc} */
  @Override
  public Batch training(NDManager manager, long seed, long step) {
    int rows = options.batch();
    NextItemRows batch = new NextItemRows(rows, slots, options.items(), options.negatives());
    long[] ids = new long[rows];
    for (int row = 0; row < rows; row++) {
      ids[row] = step * rows + row;
      SplittableRandom random = SeededStream.of(seed, ids[row]);
      int[] sequence = sequence(random);
      batch.put(row, sequence, NextItemRows.distinct(sequence), random);
    }
    return batch.batch(manager, ids);
  }

  /** {@inheritDoc} */
  @Override
  public int validationBatches() {
    return (options.validationExamples() - 1) / options.batch() + 1;
  }

  private int[] asked(long index) {
    return sequence(SeededStream.of(options.dataSeed() ^ VALIDATION, index));
  }

  /** {@inheritDoc} */
  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * options.batch();
    int rows = Math.min(options.batch(), options.validationExamples() - first);
    long[] histories = new long[rows * slots];
    long[] places = new long[rows * slots];
    long[] none = new long[rows * slots];
    Arrays.fill(places, -1);
    Arrays.fill(none, -1);
    for (int row = 0; row < rows; row++) {
      int[] sequence = asked(first + row);
      NextItemRows.putHistory(histories, row, slots, sequence, sequence.length - 1);
      for (int t = Math.max(1, sequence.length - slots); t < sequence.length; t++) {
        if (isDetermined(t)) {
          places[row * slots + slots - sequence.length + t] = sequence[t] - 1;
        }
      }
    }
    Shape shape = new Shape(rows, slots);
    return new Batch(
        new NDList(
            Tensors.int64(manager, shape, histories),
            NextItemRows.allItems(manager, options.items())),
        new NDList(
            Tensors.int64(manager, shape, places),
            Tensors.int64(manager, new Shape(rows, slots, 1), none)),
        LongStream.range(first, first + rows).toArray());
  }

  /** {@inheritDoc} */
  @Override
  public Stream<Question> questions() {
    return LongStream.range(0, options.validationExamples())
        .mapToObj(this::asked)
        .flatMap(
            s ->
                IntStream.range(1, s.length)
                    .filter(ItemOrder::isDetermined)
                    .mapToObj(
                        t ->
                            new Question(
                                Arrays.stream(s, 0, t).boxed().toList(), s[t], null, List.of())));
  }
}
