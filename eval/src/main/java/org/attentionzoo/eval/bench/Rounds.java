package org.attentionzoo.eval.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Times several pieces of work in turns, round by round, so that whatever else the machine does
 * befalls all of them alike.
 *
 * <p>Thread safety: stateless.
 */
public final class Rounds {

  /** Milliseconds below which what the caches hold at the start decides. */
  private static final double SHORT = 200;

  private static final int MOST_RUNS = 100;

  /** Milliseconds for which what takes less has a turn, unless a second run takes longer. */
  private static final double TURN = 20;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private Rounds() {}

  /**
   * How long one piece of work took, in milliseconds.
   *
   * @param samples one for each round
   */
  public record Timing(List<Double> samples) {
    /** Copies the samples. */
    public Timing {
      samples = List.copyOf(samples);
    }

    /**
     * The median.
     *
     * @return milliseconds
     */
    public double median() {
      return Rounds.median(samples);
    }

    /**
     * The fastest.
     *
     * @return milliseconds
     */
    public double minimum() {
      return samples.stream().mapToDouble(s -> s).min().orElseThrow();
    }

    /**
     * The slowest.
     *
     * @return milliseconds
     */
    public double maximum() {
      return samples.stream().mapToDouble(s -> s).max().orElseThrow();
    }

    /**
     * This time as a share of another's of the same rounds.
     *
     * @param other what is divided by
     * @return the ratio of the medians, and the smallest and largest ratio of a round
     */
    public Ratio over(Timing other) {
      double[] ratios = new double[samples.size()];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = samples.get(i) / other.samples.get(i);
      }
      Arrays.sort(ratios);
      return new Ratio(median() / other.median(), ratios[0], ratios[ratios.length - 1]);
    }

    /**
     * The time of both, one after the other, round by round.
     *
     * @param other of the same rounds
     * @return the sum
     */
    public Timing plus(Timing other) {
      List<Double> sums = new ArrayList<>();
      for (int i = 0; i < samples.size(); i++) {
        sums.add(samples.get(i) + other.samples.get(i));
      }
      return new Timing(sums);
    }
  }

  /**
   * A ratio of two times.
   *
   * @param ofMedians the ratio of the medians
   * @param smallest the smallest ratio of a round
   * @param largest the largest ratio of a round
   */
  public record Ratio(double ofMedians, double smallest, double largest) {}

  /**
   * Runs every piece of work in turns, as {@link #run(Map, int, Plan)} by the time on the clock.
   *
   * @param work what is timed, by name; each ends when its results are there
   * @param warmups rounds that are not counted
   * @param rounds rounds that are
   * @return a timing for each, in the same order
   */
  public static Map<String, Timing> run(Map<String, Runnable> work, int warmups, int rounds) {
    return run(work, warmups, new Plan(rounds, false));
  }

  /** Is told how far it is, between what is timed. */
  public interface Watcher {

    /** Does nothing. */
    Watcher NONE =
        new Watcher() {
          @Override
          public void next(String work, int done, int all) {}

          @Override
          public void finished() {}
        };

    /**
     * The next piece of work begins.
     *
     * @param work its name
     * @param done how many were done before
     * @param all how many there are
     */
    void next(String work, int done, int all);

    /** All were done, or one failed. */
    void finished();
  }

  /**
   * How things are timed.
   *
   * @param rounds how often each is run
   * @param processorTime whether the time that the calling thread had a processor counts instead of
   *     the time on the clock. It does not grow while other programs have the processor, but leaves
   *     out other threads: right only where libtorch has one thread
   * @param watcher is told how far it is
   */
  public record Plan(int rounds, boolean processorTime, Watcher watcher) {

    /**
     * Without anybody watching.
     *
     * @param rounds how often each is run
     * @param processorTime whether processor time counts
     */
    public Plan(int rounds, boolean processorTime) {
      this(rounds, processorTime, Watcher.NONE);
    }

    private long now() {
      return processorTime ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }
  }

  /**
   * Runs every piece of work in turns, each round in the same order. What takes less than 200 ms is
   * run again, for 20 ms in all if it is that short, and the median of all runs but the first
   * counts: else it would find in the caches, and in the allocator's lists, what the piece before
   * it left there, and always the same piece.
   *
   * @param work what is timed, by name; each ends when its results are there
   * @param warmups rounds that are not counted
   * @param plan how many are, and which time
   * @return a timing for each, in the same order
   */
  public static Map<String, Timing> run(Map<String, Runnable> work, int warmups, Plan plan) {
    return run(work, () -> {}, warmups, plan);
  }

  /**
   * As {@link #run(Map, int, Plan)}, with something that is done before each run and not timed.
   *
   * @param work what is timed
   * @param before done before each run of each
   * @param warmups rounds that are not counted
   * @param plan how many are, and which time
   * @return a timing for each, in the same order
   */
  public static Map<String, Timing> run(
      Map<String, Runnable> work, Runnable before, int warmups, Plan plan) {
    try {
      return run(work, before, warmups, plan, plan::now);
    } finally {
      plan.watcher().finished();
    }
  }

  /** As {@link #run(Map, Runnable, int, Plan)} by any clock of nanoseconds. */
  static Map<String, Timing> run(
      Map<String, Runnable> work, Runnable before, int warmups, Plan plan, LongSupplier clock) {
    Map<String, List<Double>> samples = new LinkedHashMap<>();
    work.keySet().forEach(name -> samples.put(name, new ArrayList<>()));
    int all = (warmups + plan.rounds()) * work.size();
    int done = 0;
    for (int round = -warmups; round < plan.rounds(); round++) {
      for (Map.Entry<String, Runnable> entry : work.entrySet()) {
        plan.watcher().next(entry.getKey(), done++, all);
        double millis = turn(entry.getValue(), before, clock);
        if (round >= 0) {
          samples.get(entry.getKey()).add(millis);
        }
      }
    }
    Map<String, Timing> timings = new LinkedHashMap<>();
    samples.forEach((name, values) -> timings.put(name, new Timing(values)));
    return timings;
  }

  private static double turn(Runnable work, Runnable before, LongSupplier clock) {
    double first = millis(work, before, clock);
    if (first >= SHORT) {
      return first;
    }
    List<Double> settled = new ArrayList<>();
    double spent = first;
    do {
      settled.add(millis(work, before, clock));
      spent += settled.get(settled.size() - 1);
    } while (spent < TURN && settled.size() < MOST_RUNS);
    return median(settled);
  }

  private static double millis(Runnable work, Runnable before, LongSupplier clock) {
    before.run();
    long start = clock.getAsLong();
    work.run();
    return (clock.getAsLong() - start) / 1e6;
  }

  static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
