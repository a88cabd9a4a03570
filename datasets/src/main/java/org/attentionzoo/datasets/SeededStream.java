package org.attentionzoo.datasets;

import java.util.SplittableRandom;

/**
 * Random numbers as a function of a run's seed and a counter, so that any step's data can be drawn
 * without drawing those before it.
 */
public final class SeededStream {

  private SeededStream() {}

  /**
   * The generator of one counter value. Streams of different seeds or counters are unrelated.
   *
   * @param seed the run's seed
   * @param counter a step or an example's number
   * @return a fresh generator
   */
  public static SplittableRandom of(long seed, long counter) {
    return new SplittableRandom(mix(mix(seed + 0x9E3779B97F4A7C15L) ^ mix(~counter)));
  }

  /**
   * Stafford's variant 13 of MurmurHash3's finaliser. SplittableRandom alone would not do: its
   * states are consecutive, so seeds that differ by its step give shifted copies of one stream.
   */
  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
