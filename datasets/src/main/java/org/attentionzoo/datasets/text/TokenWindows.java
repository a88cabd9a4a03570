package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/** Windows of a sequence of tokens, for language modelling; see {@link ByteWindows}. */
final class TokenWindows implements BatchSource {

  /** The label of a position that is not to be predicted. */
  static final int IGNORED = -1;

  private static final long LARGEST_BATCH = 1L << 27;

  private final IntUnaryOperator tokens;
  private final int end;
  private final int trainingLength;
  private final int batch;
  private final int length;

  /**
   * Cuts tokens into windows.
   *
   * @param source what to call them in messages, with their unit
   * @param tokens the token at a place
   * @param end how many there are
   * @param trainingLength how many of them are for training
   * @param batch B, how many windows a batch has
   * @param length L, how many tokens a window predicts
   * @throws UserException if there are too few, or B or L is not sensible
   */
  TokenWindows(
      Source source, IntUnaryOperator tokens, int end, int trainingLength, int batch, int length) {
    if (batch < 1 || length < 1 || (long) batch * length > LARGEST_BATCH) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "batch=%d and length=%d; expected at least 1 of each and a product of at most %,d",
              batch,
              length,
              LARGEST_BATCH));
    }
    if (trainingLength <= length || end - trainingLength < 2) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "'%s' holds %,d %s of text; windows of length=%d need at least %,d: give more text"
                  + " or a smaller length",
              source.name(),
              end,
              source.unit(),
              length,
              Math.max(11, ((length + 1L) * 10 + 8) / 9)));
    }
    this.tokens = tokens;
    this.end = end;
    this.trainingLength = trainingLength;
    this.batch = batch;
    this.length = length;
  }

  /** What a text is called and counted in. */
  record Source(String name, String unit) {}

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    SplittableRandom random = SeededStream.of(seed, step);
    long[] starts = new long[batch];
    for (int row = 0; row < batch; row++) {
      starts[row] = random.nextInt(trainingLength - length);
    }
    return batch(manager, starts, trainingLength);
  }

  @Override
  public int validationBatches() {
    return (validationWindows() - 1) / batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * batch;
    long[] starts = new long[Math.min(batch, validationWindows() - first)];
    for (int row = 0; row < starts.length; row++) {
      starts[row] = trainingLength + (long) (first + row) * length;
    }
    return batch(manager, starts, end);
  }

  private int validationWindows() {
    return (end - trainingLength - 2) / length + 1;
  }

  private Batch batch(NDManager manager, long[] starts, int limit) {
    long[] inputs = new long[starts.length * length];
    long[] labels = new long[inputs.length];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < starts.length; row++) {
      int start = (int) starts[row];
      int predicted = Math.min(length, limit - 1 - start);
      for (int i = 0; i < predicted; i++) {
        inputs[row * length + i] = tokens.applyAsInt(start + i);
        labels[row * length + i] = tokens.applyAsInt(start + i + 1);
      }
    }
    Shape shape = new Shape(starts.length, length);
    return new Batch(
        new NDList(Tensors.int64(manager, shape, inputs)),
        new NDList(Tensors.int64(manager, shape, labels)),
        starts);
  }
}
