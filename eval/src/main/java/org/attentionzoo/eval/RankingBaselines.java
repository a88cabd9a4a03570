package org.attentionzoo.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.attentionzoo.datasets.recommendation.RankingSource;
import org.attentionzoo.datasets.recommendation.RankingSource.Question;
import org.attentionzoo.training.tasks.RankingMetrics;

/**
 * What plain counting reaches on the questions of a recommendation task, to put a model's figures
 * beside: how often an item was taken (popularity), and how often it was taken right after the
 * history's newest item, ties broken by popularity (a first-order Markov chain that backs off).
 * Counted is the training part.
 */
public final class RankingBaselines {

  private RankingBaselines() {}

  /**
   * One baseline.
   *
   * @param name short, for a table
   * @param explanation how it ranks
   * @param metrics as {@link RankingMetrics#means} names them
   */
  public record Baseline(String name, String explanation, Map<String, Double> metrics) {}

  /**
   * Measures the baselines.
   *
   * @param source the data
   * @return popularity, then the Markov chain
   */
  public static List<Baseline> of(RankingSource source) {
    long[] taken = new long[source.items() + 1];
    Map<Long, Integer> pairs = new HashMap<>();
    source
        .trainingSequences()
        .forEach(
            sequence -> {
              for (int i = 0; i < sequence.length; i++) {
                taken[sequence[i]]++;
                if (i > 0) {
                  pairs.merge(pair(sequence[i - 1], sequence[i]), 1, Integer::sum);
                }
              }
            });
    double backOff = 1.0 / (1 + Arrays.stream(taken).max().orElse(0));
    RankingMetrics popularity = new RankingMetrics();
    RankingMetrics markov = new RankingMetrics();
    source
        .questions()
        .forEach(
            question -> {
              List<Integer> history = question.history();
              int newest = history.get(history.size() - 1);
              ask(question, source.items(), item -> taken[item], popularity);
              ask(
                  question,
                  source.items(),
                  item -> pairs.getOrDefault(pair(newest, item), 0) + backOff * taken[item],
                  markov);
            });
    List<Baseline> baselines = new ArrayList<>();
    baselines.add(new Baseline("popularity", "how often users took the item", popularity.means()));
    baselines.add(
        new Baseline(
            "first-order Markov",
            "how often users took the item right after the newest one, then popularity",
            markov.means()));
    return baselines;
  }

  private static long pair(int first, int second) {
    return ((long) first << 32) | second;
  }

  private static void ask(
      Question question, int items, IntToDoubleFunction score, RankingMetrics metrics) {
    double answer = score.applyAsDouble(question.target());
    long better = 0;
    long equal = 0;
    if (question.others() != null) {
      for (int other : question.others()) {
        double value = score.applyAsDouble(other);
        better += value > answer ? 1 : 0;
        equal += value == answer ? 1 : 0;
      }
    } else {
      int[] excluded = question.excluded().stream().mapToInt(Integer::intValue).toArray();
      for (int other = 1; other <= items; other++) {
        if (other != question.target() && Arrays.binarySearch(excluded, other) < 0) {
          double value = score.applyAsDouble(other);
          better += value > answer ? 1 : 0;
          equal += value == answer ? 1 : 0;
        }
      }
    }
    metrics.add(better, equal);
  }
}
