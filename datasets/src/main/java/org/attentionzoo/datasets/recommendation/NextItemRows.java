package org.attentionzoo.datasets.recommendation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Rows of a training batch: at each slot the next item is the target, and negatives are drawn
 * uniformly from the items that the row's user did not take. Sequences are cut to their newest
 * items and padded on the left.
 */
final class NextItemRows {

  private static final int IGNORED = -1;

  private final int items;
  private final int length;
  private final int negatives;
  private final long[] histories;
  private final long[] candidates;
  private final long[] places;
  private final int rows;

  /**
   * Makes room.
   *
   * @param rows how many rows
   * @param length how many slots
   * @param items how many items there are
   * @param negatives how many are drawn for each target; 0 if the candidates are all items
   */
  NextItemRows(int rows, int length, int items, int negatives) {
    this.rows = rows;
    this.length = length;
    this.items = items;
    this.negatives = negatives;
    histories = new long[rows * length];
    places = new long[rows * length];
    candidates = new long[negatives == 0 ? 0 : rows * length * (1 + negatives)];
    Arrays.fill(places, IGNORED);
  }

  /**
   * Fills a row.
   *
   * @param row from 0
   * @param sequence at least 2 items, oldest first
   * @param taken what may not be a negative; sorted and distinct
   * @param random draws the negatives
   */
  void put(int row, int[] sequence, int[] taken, SplittableRandom random) {
    int count = Math.min(length, sequence.length - 1);
    for (int i = 0; i < count; i++) {
      int slot = row * length + length - count + i;
      int target = sequence[sequence.length - count + i];
      histories[slot] = sequence[sequence.length - count + i - 1];
      places[slot] = negatives == 0 ? target - 1 : 0;
      if (negatives > 0) {
        int at = slot * (1 + negatives);
        candidates[at] = target;
        for (int k = 1; k <= negatives; k++) {
          candidates[at + k] = negative(random, items, taken);
        }
      }
    }
  }

  /** An item that is not among those taken; any item if all are. */
  static int negative(SplittableRandom random, int items, int[] taken) {
    while (true) {
      int item = 1 + random.nextInt(items);
      if (taken.length >= items || Arrays.binarySearch(taken, item) < 0) {
        return item;
      }
    }
  }

  /** Items that are in a sequence, sorted, each once. */
  static int[] distinct(int[] sequence) {
    return Arrays.stream(sequence).sorted().distinct().toArray();
  }

  Batch batch(NDManager manager, long[] ids) {
    Shape shape = new Shape(rows, length);
    NDArray among =
        negatives == 0
            ? allItems(manager, items)
            : Tensors.int64(manager, new Shape(rows, length, 1L + negatives), candidates);
    return new Batch(
        new NDList(Tensors.int64(manager, shape, histories), among),
        new NDList(Tensors.int64(manager, shape, places)),
        ids);
  }

  /** (items): 1 to items. */
  static NDArray allItems(NDManager manager, int items) {
    long[] all = new long[items];
    Arrays.setAll(all, i -> i + 1L);
    return Tensors.int64(manager, new Shape(items), all);
  }

  /** The newest items of a history, padded on the left. */
  static void putHistory(long[] target, int row, int length, int[] history, int count) {
    int kept = Math.min(length, count);
    for (int i = 0; i < kept; i++) {
      target[row * length + length - kept + i] = history[count - kept + i];
    }
  }
}
