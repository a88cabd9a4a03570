package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDManager;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;

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
public final class ByteWindows implements TextSource {

  /** How many tokens there are. */
  public static final int VOCABULARY = 256;

  /** The label of a position that is not to be predicted. */
  public static final int IGNORED = TokenWindows.IGNORED;

  private final TextCorpus corpus;
  private final TokenWindows windows;

  /**
   * Cuts a text into windows.
   *
   * @param corpus the text
   * @param batch B, how many windows a batch has
   * @param length L, how many bytes a window predicts
   * @throws UserException if the text is too short, or B or L is not sensible
   */
  public ByteWindows(TextCorpus corpus, int batch, int length) {
    this.corpus = corpus;
    windows =
        new TokenWindows(
            new TokenWindows.Source(corpus.provenance().source(), "bytes"),
            corpus::token,
            corpus.length(),
            corpus.trainingLength(),
            batch,
            length);
  }

  @Override
  public Optional<TextCorpus> text() {
    return Optional.of(corpus);
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    return windows.training(manager, seed, step);
  }

  @Override
  public int validationBatches() {
    return windows.validationBatches();
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    return windows.validation(manager, index);
  }
}
