package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.tasks.RankingObjective.Loss;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RankingTest {

  private static final Offset<Double> ROUNDING = within(1e-6);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static Map<String, Double> one(long better, long equal) {
    RankingMetrics metrics = new RankingMetrics();
    metrics.add(better, equal);
    return metrics.means();
  }

  @Test
  void figuresOfSinglePlaces() {
    assertThat(one(0, 0))
        .containsEntry("hr@1", 1.0)
        .containsEntry("hr@10", 1.0)
        .containsEntry("ndcg@10", 1.0)
        .containsEntry("mrr", 1.0);
    // Third: 1 / log2(4) = 1/2.
    assertThat(one(2, 0)).containsEntry("hr@1", 0.0).containsEntry("hr@5", 1.0);
    assertThat(one(2, 0).get("ndcg@5")).isCloseTo(0.5, ROUNDING);
    assertThat(one(2, 0).get("mrr")).isCloseTo(1 / 3.0, ROUNDING);
    // Tenth: 1 / log2(11). Eleventh: out of the first ten.
    assertThat(one(9, 0).get("ndcg@10")).isCloseTo(0.2890648, ROUNDING);
    assertThat(one(9, 0)).containsEntry("hr@10", 1.0).containsEntry("ndcg@5", 0.0);
    assertThat(one(10, 0)).containsEntry("hr@10", 0.0).containsEntry("ndcg@10", 0.0);
  }

  @Test
  void tiesGetWhatGuessingGets() {
    // Two tie for the first place: half the time first, half the time second (1 / log2(3)).
    assertThat(one(0, 1)).containsEntry("hr@1", 0.5).containsEntry("hr@5", 1.0);
    assertThat(one(0, 1).get("ndcg@10")).isCloseTo((1 + 0.6309298) / 2, ROUNDING);
    assertThat(one(0, 1).get("mrr")).isCloseTo(0.75, ROUNDING);
    // All 101 alike.
    assertThat(one(0, 100).get("hr@10")).isCloseTo(10 / 101.0, ROUNDING);
    // Places 8 to 11: three of four within the first ten... of which places 8, 9 count.
    assertThat(one(8, 3).get("hr@10")).isCloseTo(0.5, ROUNDING);
    assertThat(one(20, 3)).containsEntry("hr@10", 0.0).containsEntry("ndcg@10", 0.0);
  }

  @Test
  void meansOverQuestions() {
    RankingMetrics metrics = new RankingMetrics();
    metrics.add(0, 0);
    metrics.add(2, 0);
    metrics.add(50, 0);
    assertThat(metrics.questions()).isEqualTo(3);
    assertThat(metrics.means().get("hr@5")).isCloseTo(2 / 3.0, ROUNDING);
    assertThat(metrics.means().get("ndcg@5")).isCloseTo(0.5, ROUNDING);
    assertThat(metrics.means().get("mrr")).isCloseTo((1 + 1 / 3.0 + 1 / 51.0) / 3, ROUNDING);
  }

  /** Against a ranking that is really sorted, every order of equal scores as likely. */
  @Test
  void randomScoresGetWhatSortingGives() {
    SplittableRandom random = new SplittableRandom(5);
    RankingMetrics metrics = new RankingMetrics();
    Map<String, Double> sums = new HashMap<>();
    int questions = 40;
    for (int q = 0; q < questions; q++) {
      int items = 1 + random.nextInt(30);
      int[] scores = random.ints(items, 0, 1 + random.nextInt(12)).toArray();
      int answer = random.nextInt(items);
      metrics.add(
          Arrays.stream(scores).filter(s -> s > scores[answer]).count(),
          Arrays.stream(scores).filter(s -> s == scores[answer]).count() - 1);
      // Turning the items round gives each of those that are equal each place once.
      for (int turn = 0; turn < items; turn++) {
        int first = turn;
        List<Integer> order =
            IntStream.range(0, items)
                .map(i -> (i + first) % items)
                .boxed()
                .sorted(Comparator.comparingInt(i -> -scores[i]))
                .toList();
        List<Integer> equal = order.stream().filter(i -> scores[i] == scores[answer]).toList();
        int start = order.indexOf(equal.get(0));
        for (int at = 0; at < equal.size(); at++) {
          int place = start + (at + equal.indexOf(answer)) % equal.size();
          double share = 1.0 / items / equal.size();
          for (int k : new int[] {1, 5, 10}) {
            sums.merge("hr@" + k, place < k ? share : 0, Double::sum);
          }
          for (int k : new int[] {5, 10}) {
            double gain = place < k ? 1 / (Math.log(place + 2) / Math.log(2)) : 0;
            sums.merge("ndcg@" + k, gain * share, Double::sum);
          }
          sums.merge("mrr", share / (place + 1), Double::sum);
        }
      }
    }
    metrics
        .means()
        .forEach(
            (name, value) -> assertThat(value).isCloseTo(sums.get(name) / questions, ROUNDING));
  }

  private Batch batch(long[] places, Shape shape, NDArray excluded) {
    NDList labels = new NDList(manager.create(places, shape));
    if (excluded != null) {
      labels.add(excluded);
    }
    return new Batch(new NDList(), labels, new long[0]);
  }

  private static double softplus(double x) {
    return Math.log1p(Math.exp(x));
  }

  @Test
  void theBinaryLossIsThePapers() {
    // One row of three slots, the first padded; candidates: the target and one negative.
    NDArray scores = manager.create(new float[] {9, 9, 0.5f, -1, 2, 3}, new Shape(1, 3, 2));
    Objective.Outcome outcome =
        new RankingObjective(Loss.BINARY)
            .evaluate(new NDList(scores), batch(new long[] {-1, 0, 0}, new Shape(1, 3), null));
    double positives = (softplus(-0.5) + softplus(-2)) / 2;
    double negatives = (softplus(-1) + softplus(3)) / 2;
    assertThat((double) outcome.loss().getFloat()).isCloseTo(positives + negatives, ROUNDING);
    assertThat(outcome.weight()).isEqualTo(2);
    assertThat(outcome.metrics()).isEmpty();
  }

  @Test
  void moreNegativesAreAveraged() {
    NDArray scores = manager.create(new float[] {0.5f, -1, 2, 3}, new Shape(1, 4));
    Objective.Outcome outcome =
        new RankingObjective(Loss.BINARY)
            .evaluate(new NDList(scores), batch(new long[] {2}, new Shape(1), null));
    double expected = softplus(-2) + (softplus(0.5) + softplus(-1) + softplus(3)) / 3;
    assertThat((double) outcome.loss().getFloat()).isCloseTo(expected, ROUNDING);
  }

  @Test
  void theSoftmaxLossIsCrossEntropy() {
    NDArray scores = manager.create(new float[] {0, 1, 2, 5, 5, 5}, new Shape(2, 3));
    Objective.Outcome outcome =
        new RankingObjective(Loss.SOFTMAX)
            .evaluate(new NDList(scores), batch(new long[] {1, -1}, new Shape(2), null));
    double expected = Math.log(1 + Math.exp(1) + Math.exp(2)) - 1;
    assertThat((double) outcome.loss().getFloat()).isCloseTo(expected, ROUNDING);
    assertThat(outcome.weight()).isEqualTo(1);
  }

  @Test
  void ranksWithoutWhatIsExcluded() {
    NDArray scores =
        manager.create(new float[] {9, 1, 8, 3, 7, 7, 9, 1, 8, 3, 7, 7}, new Shape(2, 6));
    // Row 0: 8 is beaten by the 9 alone, which is excluded. Row 1: 7 is beaten by 9 and 8, ties
    // once.
    NDArray excluded = manager.create(new long[] {0, 4, -1, -1}, new Shape(2, 2));
    Objective.Outcome outcome =
        new RankingObjective(Loss.BINARY)
            .evaluate(new NDList(scores), batch(new long[] {2, 4}, new Shape(2), excluded));
    assertThat(outcome.metrics().get("hr@1").getFloat()).isEqualTo(0.5f);
    assertThat((double) outcome.metrics().get("mrr").getFloat())
        .isCloseTo((1 + (1 / 3.0 + 1 / 4.0) / 2) / 2, ROUNDING);
  }

  @Test
  void aModelThatGivesNoNumbersIsNeverRight() {
    NDArray scores = manager.create(new float[] {Float.NaN, Float.NaN, 1}, new Shape(1, 3));
    NDArray excluded = manager.create(new long[] {-1}, new Shape(1, 1));
    Objective.Outcome outcome =
        new RankingObjective(Loss.BINARY)
            .evaluate(new NDList(scores), batch(new long[] {0}, new Shape(1), excluded));
    assertThat(outcome.metrics().get("hr@1").getFloat()).isZero();
  }

  @Test
  void refusesShapesThatDoNotMatch() {
    NDList scores = new NDList(manager.ones(new Shape(2, 3)));
    assertThatThrownBy(
            () ->
                new RankingObjective(Loss.BINARY)
                    .evaluate(scores, batch(new long[] {1}, new Shape(1), null)))
        .hasMessageContaining("the data asks for");
  }
}
