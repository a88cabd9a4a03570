package org.attentionzoo.datasets.generated;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Random choices without replacement. */
final class Choices {

  private Choices() {}

  /** Some of the numbers below a bound, all different, uniform and in random order. */
  static int[] distinct(SplittableRandom random, int bound, int count) {
    int[] all = new int[bound];
    Arrays.setAll(all, i -> i);
    for (int i = 0; i < count; i++) {
      int other = i + random.nextInt(bound - i);
      int chosen = all[other];
      all[other] = all[i];
      all[i] = chosen;
    }
    return Arrays.copyOf(all, count);
  }

  /** The indices of the smallest values, the smallest first. */
  static int[] smallest(double[] values, int count) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> values[i]))
        .limit(count)
        .mapToInt(i -> i)
        .toArray();
  }

  /**
   * Where segments of given lengths start in a range, in their given order, without overlap,
   * uniform over all placements.
   */
  static int[] placements(SplittableRandom random, int range, int[] lengths) {
    int left = range - Arrays.stream(lengths).sum();
    // Where n segments start among free places: n of left + n slots, each slot before widened.
    int[] slots = distinct(random, left + lengths.length, lengths.length);
    Arrays.sort(slots);
    int[] starts = new int[lengths.length];
    int widened = 0;
    for (int i = 0; i < lengths.length; i++) {
      starts[i] = slots[i] + widened;
      widened += lengths[i] - 1;
    }
    return starts;
  }
}
