package org.attentionzoo.datasets.text;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.function.LongToIntFunction;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.SeededStream;

/**
 * Draws training texts uniformly, but so that those of one batch are of about the same length and
 * little is filled up: the texts of several consecutive batches are drawn together, sorted by
 * length and cut into batches, whose order is drawn too. All is a function of seed and step.
 */
final class LengthPools {

  private static final int LARGEST = 1 << 20;

  private final int batch;
  private final int pool;

  /**
   * Pools of batches.
   *
   * @param batch how many texts a batch has
   * @param pool how many batches are drawn together; 1 draws each batch by itself
   * @throws UserException if there would be too many texts, or none
   */
  LengthPools(int batch, int pool) {
    if (pool < 1 || (long) pool * batch > LARGEST) {
      throw new UserException(
          "lengthPool=" + pool + "; expected 1 or more, and at most " + LARGEST / batch);
    }
    this.batch = batch;
    this.pool = pool;
  }

  /** Whether each batch is drawn by itself. */
  boolean isOff() {
    return pool == 1;
  }

  /** The texts of a step's batch, each from 0 to {@code count} - 1. */
  long[] draw(long seed, long step, int count, LongToIntFunction length) {
    // Not the stream of the batch itself, which others draw from.
    SplittableRandom random = SeededStream.of(~seed, step / pool);
    Long[] texts = new Long[pool * batch];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = (long) random.nextInt(count);
    }
    Arrays.sort(texts, Comparator.comparingInt(length::applyAsInt));
    int[] order = new int[pool];
    for (int i = 0; i < pool; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    int first = order[(int) (step % pool)] * batch;
    return Arrays.stream(texts, first, first + batch).mapToLong(Long::longValue).toArray();
  }
}
