package org.attentionzoo.datasets;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.attentionzoo.blocks.UserException;

/**
 * Examples that are rows of numbers: inputs (B, shape) float32, or sequences of tokens (B, L)
 * int64, with (B, L) boolean where some are filled up; labels (B) int64, or (B, n) float32. The ids
 * are the examples' places in their part. Each epoch takes every example once, in an order of its
 * own.
 *
 * <p>Thread safety: may be read by several threads.
 */
public final class ArrayBatches implements BatchSource {

  private final Part training;
  private final Part evaluated;
  private final Shape shape;
  private final int batch;
  private final ExampleOrder order = new ExampleOrder();

  /**
   * The examples of a part; one list of inputs and one of labels is null.
   *
   * @param values inputs that are numbers
   * @param tokens inputs that are tokens
   * @param classes labels that are classes
   * @param targets labels that are numbers
   */
  public record Part(
      List<float[]> values, List<long[]> tokens, long[] classes, List<float[]> targets) {

    /**
     * How many examples there are.
     *
     * @return the number
     */
    public int size() {
      return values == null ? tokens.size() : values.size();
    }
  }

  /**
   * Prepares batches.
   *
   * @param training what is trained on
   * @param evaluated what is evaluated on
   * @param shape of an example that is numbers; null for tokens
   * @param batch examples in a batch
   * @throws UserException if there are too few examples
   */
  public ArrayBatches(Part training, Part evaluated, Shape shape, int batch) {
    if (batch < 1 || batch > training.size()) {
      throw new UserException(
          "task.batch="
              + batch
              + " was given; it must be from 1 to the number of training examples, "
              + training.size());
    }
    if (evaluated.size() < 1) {
      throw new UserException("there is no example to evaluate on; give more");
    }
    this.training = training;
    this.evaluated = evaluated;
    this.shape = shape;
    this.batch = batch;
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    return batch(manager, training, order.places(seed, step, batch, training.size()));
  }

  @Override
  public int validationBatches() {
    return (evaluated.size() - 1) / batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int[] places = new int[Math.min(batch, evaluated.size() - index * batch)];
    for (int i = 0; i < places.length; i++) {
      places[i] = index * batch + i;
    }
    return batch(manager, evaluated, places);
  }

  private Batch batch(NDManager manager, Part part, int[] places) {
    long[] ids = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      ids[i] = places[i];
    }
    NDList inputs =
        part.values() == null
            ? sequences(manager, part, places)
            : new NDList(
                Tensors.float32(
                    manager,
                    new Shape(places.length).addAll(shape),
                    joined(part.values(), places)));
    return new Batch(inputs, new NDList(labels(manager, part, places)), ids);
  }

  private static NDArray labels(NDManager manager, Part part, int[] places) {
    if (part.targets() != null) {
      return Tensors.float32(
          manager,
          new Shape(places.length, part.targets().get(0).length),
          joined(part.targets(), places));
    }
    long[] labels = new long[places.length];
    for (int i = 0; i < places.length; i++) {
      labels[i] = part.classes()[places[i]];
    }
    return Tensors.int64(manager, new Shape(places.length), labels);
  }

  private static float[] joined(List<float[]> rows, int[] places) {
    int width = rows.get(0).length;
    float[] all = new float[places.length * width];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(rows.get(places[i]), 0, all, i * width, width);
    }
    return all;
  }

  private static NDList sequences(NDManager manager, Part part, int[] places) {
    int longest = 1;
    for (int place : places) {
      longest = Math.max(longest, part.tokens().get(place).length);
    }
    long[] tokens = new long[places.length * longest];
    long[] valid = new long[tokens.length];
    boolean padded = false;
    for (int i = 0; i < places.length; i++) {
      long[] row = part.tokens().get(places[i]);
      System.arraycopy(row, 0, tokens, i * longest, row.length);
      Arrays.fill(valid, i * longest, i * longest + row.length, 1);
      padded |= row.length < longest;
    }
    Shape shape = new Shape(places.length, longest);
    NDArray ids = Tensors.int64(manager, shape, tokens);
    if (!padded) {
      return new NDList(ids);
    }
    try (NDArray ones = Tensors.int64(manager, shape, valid)) {
      return new NDList(ids, ones.neq(0));
    }
  }
}
