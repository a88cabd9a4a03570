package org.attentionzoo.datasets;

import java.util.SplittableRandom;

/**
 * The order in which a run sees its examples: each epoch takes every example once, in an order of
 * its own, and a step's examples are a function of seed and step alone.
 *
 * <p>Thread safety: may be used by several threads.
 */
public final class ExampleOrder {

  private static final long ORDER = 0x4F5244455252454FL;

  private Epoch newest;

  /** The order of one epoch. */
  private record Epoch(long seed, long number, int size, int[] places) {}

  /**
   * The examples of a step.
   *
   * @param seed the run's seed
   * @param step counted from 0
   * @param batch how many examples a step has
   * @param size how many examples there are
   * @return their places, from 0
   */
  public int[] places(long seed, long step, int batch, int size) {
    int[] chosen = new int[batch];
    for (int i = 0; i < batch; i++) {
      long number = step * batch + i;
      chosen[i] = epoch(seed, number / size, size)[(int) (number % size)];
    }
    return chosen;
  }

  private synchronized int[] epoch(long seed, long number, int size) {
    Epoch now = newest;
    if (now == null || now.seed() != seed || now.number() != number || now.size() != size) {
      int[] places = new int[size];
      SplittableRandom random = SeededStream.of(seed ^ ORDER, number);
      for (int i = 0; i < size; i++) {
        int j = random.nextInt(i + 1);
        places[i] = places[j];
        places[j] = i;
      }
      now = new Epoch(seed, number, size, places);
      newest = now;
    }
    return now.places();
  }
}
