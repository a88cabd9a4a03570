package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Windows of bytes for language modelling: inputs (B, L) int64 and labels (B, L) int64, the label
 * being the byte that follows. Tokens are byte values, 0 to 255.
 *
 * <p>Training: windows of L+1 bytes at positions drawn uniformly from (seed, step).
 *
 * <p>Validation: the part is cut into consecutive windows of L inputs, each with its own context;
 * input i of window w is byte w L + i, its label byte w L + i + 1. So every byte but the first is
 * predicted exactly once. The last window may be shorter: its inputs are then filled up with 0 and
 * its labels with {@link #IGNORED}. The last batch may hold fewer windows.
 *
 * <p>The ids of a batch are the offsets of its windows in the whole text.
 */
public final class ByteWindows implements BatchSource {

  /** How many tokens there are. */
  public static final int VOCABULARY = 256;

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = -1;

  private static final long LARGEST_BATCH = 1L << 27;

  private final TextCorpus corpus;
  private final int batch;
  private final int length;

  /**
   * Cuts a text into windows.
   *
   * @param corpus the text
   * @param batch B, how many windows a batch has
   * @param length L, how many bytes a window predicts
   * @throws UserException if the text is too short, or B or L is not sensible
   */
  public ByteWindows(TextCorpus corpus, int batch, int length) {
    if (batch < 1 || length < 1 || (long) batch * length > LARGEST_BATCH) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "batch=%d and length=%d; expected at least 1 of each and a product of at most %,d",
              batch,
              length,
              LARGEST_BATCH));
    }
    if (corpus.trainingLength() <= length || corpus.validationLength() < 2) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "'%s' holds %,d bytes of text; windows of length=%d need at least %,d: give more text"
                  + " or a smaller length",
              corpus.provenance().source(),
              corpus.length(),
              length,
              Math.max(11, ((length + 1L) * 10 + 8) / 9)));
    }
    this.corpus = corpus;
    this.batch = batch;
    this.length = length;
  }

  /**
   * The text.
   *
   * @return what the windows are cut from
   */
  public TextCorpus corpus() {
    return corpus;
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    SplittableRandom random = SeededStream.of(seed, step);
    long[] starts = new long[batch];
    for (int row = 0; row < batch; row++) {
      starts[row] = random.nextInt(corpus.trainingLength() - length);
    }
    return batch(manager, starts, corpus.trainingLength());
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
      starts[row] = corpus.trainingLength() + (long) (first + row) * length;
    }
    return batch(manager, starts, corpus.length());
  }

  private int validationWindows() {
    return (corpus.validationLength() - 2) / length + 1;
  }

  private Batch batch(NDManager manager, long[] starts, int end) {
    long[] inputs = new long[starts.length * length];
    long[] labels = new long[inputs.length];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < starts.length; row++) {
      int start = (int) starts[row];
      int predicted = Math.min(length, end - 1 - start);
      for (int i = 0; i < predicted; i++) {
        inputs[row * length + i] = corpus.token(start + i);
        labels[row * length + i] = corpus.token(start + i + 1);
      }
    }
    Shape shape = new Shape(starts.length, length);
    return new Batch(
        new NDList(Tensors.int64(manager, shape, inputs)),
        new NDList(Tensors.int64(manager, shape, labels)),
        starts);
  }
}
