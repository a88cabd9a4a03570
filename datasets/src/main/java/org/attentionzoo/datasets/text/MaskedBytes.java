package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Windows of bytes of which some are to be recovered: inputs (B, L) int64 and labels (B, L) int64,
 * {@link #IGNORED} except at chosen bytes. Each byte is chosen with probability {@code rate}; of
 * the chosen ones 80 % become the token {@link #MASK}, 10 % a uniform byte, 10 % stay. Windows are
 * those of {@link ByteWindows}; in the validation part always the same bytes are chosen.
 */
public final class MaskedBytes implements BatchSource {

  /** The label of a byte that is not to be recovered. */
  public static final int IGNORED = ByteWindows.IGNORED;

  /** The token that hides bytes. */
  public static final int MASK = ByteWindows.VOCABULARY;

  /** How many tokens there are. */
  public static final int VOCABULARY = MASK + 1;

  /** Keeps the choice of bytes apart from that of windows. */
  private static final long CHOICE = 0x4D41534B45444259L;

  private final ByteWindows windows;
  private final Masking masking;

  /**
   * Masks windows.
   *
   * @param windows where they are cut
   * @param rate the probability of a byte to be chosen, more than 0
   * @throws UserException if the rate is not sensible
   */
  public MaskedBytes(ByteWindows windows, double rate) {
    if (!(rate > 0 && rate <= 1)) {
      throw new UserException("rate=" + rate + "; expected a number from above 0 to 1");
    }
    this.windows = windows;
    masking = new Masking(rate, MASK, ByteWindows.VOCABULARY);
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    return masked(
        manager, windows.training(manager, seed, step), SeededStream.of(seed ^ CHOICE, step));
  }

  @Override
  public int validationBatches() {
    return windows.validationBatches();
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    return masked(manager, windows.validation(manager, index), SeededStream.of(CHOICE, index));
  }

  private Batch masked(NDManager manager, Batch batch, SplittableRandom random) {
    try (NDArray given = batch.inputs().singletonOrThrow();
        NDArray next = batch.labels().singletonOrThrow()) {
      Shape shape = given.getShape();
      long[] shown = given.toLongArray();
      long[] following = next.toLongArray();
      long[] labels = new long[shown.length];
      Arrays.fill(labels, IGNORED);
      for (int i = 0; i < shown.length; i++) {
        // what has no byte behind it is the filling of the last window
        if (following[i] != IGNORED) {
          masking.apply(random, shown, labels, i, false);
        }
      }
      return new Batch(
          new NDList(Tensors.int64(manager, shape, shown)),
          new NDList(Tensors.int64(manager, shape, labels)),
          batch.ids());
    }
  }
}
