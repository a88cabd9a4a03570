package org.attentionzoo.blocks.papers.routingtransformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.sparse.OnlineKMeans;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RoutingTransformerTest {

  private NDManager manager;
  private GradientMode mode;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    mode = GradientMode.off();
    JniUtils.setSeed(17);
  }

  @AfterEach
  void close() {
    mode.close();
    manager.close();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private Pass training() {
    return Pass.training(new ParameterStore(manager, false));
  }

  private static KMeansAttentionConfig config(
      int clusters, int window, boolean shared, boolean causalSelection) {
    return new KMeansAttentionConfig(
        clusters, window, 2, 6, true, shared, 1, 0.9, 1e-4, 0, false, causalSelection);
  }

  @Test
  void anUpdateIsTheMovingAverageOfTheDirectionsOfTheNearestTokens() {
    OnlineKMeans kmeans = new OnlineKMeans(1, 3, 2, 0.75, 1);
    kmeans.initialize(manager, DataType.FLOAT32);
    NDArray x = manager.randomNormal(new Shape(2, 1, 7, 2));
    kmeans.route(training(), x, null);
    NDArray means = StateDict.of(kmeans).get("means").getArray();
    assertThat(StateDict.of(kmeans).get("initted").getArray().getBoolean()).isTrue();
    double[][] before = rows(means);
    for (double[] mean : before) {
      assertThat(Math.hypot(mean[0], mean[1])).as("a direction").isBetween(0.9, 1.0001);
    }
    NDArray next = manager.randomNormal(new Shape(2, 1, 7, 2));
    float loss = kmeans.route(training(), next, null).loss().getFloat();
    double[][] expected = new double[3][2];
    double error = 0;
    for (double[] token : rows(next)) {
      double length = Math.hypot(token[0], token[1]);
      double[] unit = {token[0] / length, token[1] / length};
      int nearest =
          IntStream.range(0, 3)
              .boxed()
              .max(Comparator.comparingDouble(c -> unit[0] * before[c][0] + unit[1] * before[c][1]))
              .orElseThrow();
      expected[nearest][0] += unit[0];
      expected[nearest][1] += unit[1];
      error +=
          Math.pow(unit[0] - before[nearest][0], 2) + Math.pow(unit[1] - before[nearest][1], 2);
    }
    assertThat((double) loss).isCloseTo(error / 28, within(1e-6));
    double[][] after = rows(means);
    for (int c = 0; c < 3; c++) {
      double length = Math.hypot(expected[c][0], expected[c][1]);
      for (int i = 0; i < 2; i++) {
        double target = length == 0 ? before[c][i] : expected[c][i] / length;
        assertThat(after[c][i]).isCloseTo(0.75 * before[c][i] + 0.25 * target, within(1e-6));
      }
    }
    kmeans.route(inference(), next, null);
    assertThat(rows(means)).as("frozen in evaluation").isDeepEqualTo(after);
  }

  @Test
  void paddingNeitherMovesCentroidsNorCounts() {
    OnlineKMeans kmeans = new OnlineKMeans(1, 3, 4, 0.5, 1);
    OnlineKMeans other = new OnlineKMeans(1, 3, 4, 0.5, 1);
    kmeans.initialize(manager, DataType.FLOAT32);
    other.initialize(manager, DataType.FLOAT32);
    // The first pass draws tokens by their places, so that both begin with the same batch.
    NDArray first = manager.randomNormal(new Shape(1, 1, 9, 4));
    kmeans.route(training(), first, null);
    other.route(training(), first, null);
    NDArray x = manager.randomNormal(new Shape(1, 1, 9, 4));
    NDArray valid = manager.arange(9).lt(6).reshape(1, 9);
    float padded = kmeans.route(training(), x, valid).loss().getFloat();
    float alone = other.route(training(), x.get(":, :, :6"), null).loss().getFloat();
    assertThat(padded).isEqualTo(alone, within(1e-6f));
    assertThat(
            StateDict.of(kmeans)
                .get("means")
                .getArray()
                .sub(StateDict.of(other).get("means").getArray())
                .abs()
                .max()
                .getFloat())
        .isLessThan(1e-6f);
  }

  @Test
  void laterValuesNeverReachAQueryAndTheOrderOfClustersDoesNotMatter() {
    int length = 23;
    for (boolean shared : new boolean[] {true, false}) {
      KMeansAttention attention = new KMeansAttention(config(4, 6, shared, false));
      attention.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(3, 1, 2, length, 6));
      NDArray q = x.get(0);
      NDArray k = shared ? q : x.get(1);
      NDArray expected = run(attention, q, k, x.get(2));
      for (int t = 1; t < length; t++) {
        NDArray tail = manager.randomNormal(new Shape(1, 2, length - t, 6));
        NDArray actual = run(attention, q, k, x.get(2).get(":, :, :{}", t).concat(tail, 2));
        assertThat(actual.get(":, :, :{}", t)).isEqualTo(expected.get(":, :, :{}", t));
      }
      KMeansAttention turned = new KMeansAttention(config(4, 6, shared, false));
      turned.initialize(manager, DataType.FLOAT32);
      NDArray order = manager.create(new long[] {2, 0, 3, 1});
      for (String name : List.of("kmeans.means", "mem_key", "mem_value")) {
        NDArray from = StateDict.of(attention).get(name).getArray();
        from.transpose(permutation(from))
            .get(order)
            .transpose(permutation(from))
            .copyTo(StateDict.of(turned).get(name).getArray());
      }
      assertThat(run(turned, q, k, x.get(2)).sub(expected).abs().max().getFloat())
          .isLessThan(1e-6f);
    }
  }

  /** Heads and clusters change places; the same again changes them back. */
  private static int[] permutation(NDArray x) {
    int[] axes = IntStream.range(0, x.getShape().dimension()).toArray();
    axes[0] = 1;
    axes[1] = 0;
    return axes;
  }

  @Test
  void unclaimedTokensAreZeroAndCostFollowsTheWindow() {
    KMeansAttention attention = new KMeansAttention(config(2, 3, true, false));
    attention.initialize(manager, DataType.FLOAT32);
    NDArray x = manager.randomNormal(new Shape(1, 2, 40, 6));
    NDArray output = run(attention, x, x, x);
    NDArray zero = output.abs().sum(new int[] {3}).eq(0).toType(DataType.INT64, false);
    assertThat(Arrays.stream(zero.sum(new int[] {2}).toLongArray()).min().orElseThrow())
        .isGreaterThanOrEqualTo(40 - 2 * 3);
  }

  /** Against loops in double precision, in which every query selects for itself. */
  @Test
  void aCausalSelectionDependsOnNothingLater() {
    int length = 14;
    int clusters = 3;
    int window = 4;
    KMeansAttention attention = new KMeansAttention(config(clusters, window, true, true));
    attention.initialize(manager, DataType.FLOAT32);
    NDArray x = manager.randomNormal(new Shape(2, 1, 2, length, 6));
    NDArray expected = run(attention, x.get(0), x.get(0), x.get(1));
    for (int t = 1; t < length; t++) {
      NDArray tail = manager.randomNormal(new Shape(2, 1, 2, length - t, 6));
      NDArray changed = x.get(":, :, :, :{}", t).concat(tail, 3);
      NDArray actual = run(attention, changed.get(0), changed.get(0), changed.get(1));
      assertThat(
              actual.get(":, :, :{}", t).sub(expected.get(":, :, :{}", t)).abs().max().getFloat())
          .isLessThan(1e-6f);
    }
    double[][] means = rows(StateDict.of(attention).get("kmeans.means").getArray());
    double[][] memoryKeys = rows(StateDict.of(attention).get("mem_key").getArray());
    double[][] memoryValues = rows(StateDict.of(attention).get("mem_value").getArray());
    double[][] q = rows(x.get(0));
    double[][] v = rows(x.get(1));
    double[][] actual = rows(expected);
    for (int head = 0; head < 2; head++) {
      int start = head * length;
      for (int i = 0; i < length; i++) {
        double[] sum = new double[6];
        int claims = 0;
        for (int c = 0; c < clusters; c++) {
          int row = head * clusters + c;
          double[] mean = means[row];
          int[] taken =
              IntStream.rangeClosed(0, i)
                  .boxed()
                  .sorted(
                      Comparator.comparingDouble(
                          j -> -dot(q[start + j], mean) / norm(q[start + j])))
                  .limit(window)
                  .mapToInt(j -> j)
                  .toArray();
          int self = i;
          if (Arrays.stream(taken).noneMatch(j -> j == self)) {
            continue;
          }
          claims++;
          double total = Math.exp(dot(q[start + i], memoryKeys[row]) / Math.sqrt(6));
          double[] mixed = new double[6];
          add(mixed, memoryValues[row], total);
          for (int j : taken) {
            if (j != i) {
              double weight =
                  Math.exp(dot(q[start + i], q[start + j]) / norm(q[start + j]) / Math.sqrt(6));
              total += weight;
              add(mixed, v[start + j], weight);
            }
          }
          add(sum, mixed, 1 / total);
        }
        for (int d = 0; d < 6; d++) {
          assertThat(actual[start + i][d]).isCloseTo(sum[d] / (claims + 1e-5), within(2e-6));
        }
      }
    }
  }

  @Test
  void tokenByTokenIsTheCausalSelection() {
    RoutingConfig whole = model(true);
    RoutingLanguageModel causal = new RoutingLanguageModel(whole);
    causal.initialize(manager, DataType.FLOAT32);
    NDArray tokens = manager.randomInteger(0, 9, new Shape(2, 21), DataType.INT64);
    NDArray expected = causal.forward(inference(), new NDList(tokens)).head();
    try (DecodeCache cache = new DecodeCache(manager)) {
      for (int i = 0; i < 21; i++) {
        NDArray actual =
            causal
                .forward(inference().with(cache), new NDList(tokens.get(":, {}:{}", i, i + 1)))
                .head();
        assertThat(actual.sub(expected.get(":, {}:{}", i, i + 1)).abs().max().getFloat())
            .isLessThan(5e-6f);
      }
    }
    RoutingLanguageModel parallel = new RoutingLanguageModel(model(false));
    parallel.initialize(manager, DataType.FLOAT32);
    StateDict.of(causal)
        .forEach((name, p) -> p.getArray().copyTo(StateDict.of(parallel).get(name).getArray()));
    NDArray other = parallel.forward(inference(), new NDList(tokens)).head();
    assertThat(other.sub(expected).abs().max().getFloat()).as("selected at once").isPositive();
  }

  /** What is run again for its gradients must see the centroids of the first time. */
  @Test
  void checkpointedLayersGiveTheSameGradientsAndCentroids() {
    NDArray tokens = manager.randomInteger(0, 9, new Shape(2, 21), DataType.INT64);
    List<Map<String, float[]>> found = new ArrayList<>();
    for (boolean recomputed : new boolean[] {false, true}) {
      JniUtils.setSeed(5);
      RoutingLanguageModel model = new RoutingLanguageModel(model(false));
      model.initialize(manager, DataType.FLOAT32);
      // The first pass only begins the centroids; the second moves them and has the gradients.
      model.forward(training(), new NDList(tokens));
      Map<String, float[]> values = new LinkedHashMap<>();
      try (GradientMode ignored = GradientMode.on()) {
        Segments segments = new Segments(23, recomputed);
        Pass pass = training().with(segments);
        NDArray logits = model.forward(pass, new NDList(tokens.add(1).mod(9))).head();
        NDArray total =
            logits.square().mean().add(pass.auxiliaryLosses().get(RoutingAttention.COMMITMENT));
        NDArray one = total.onesLike();
        BackwardPass.from(total, one);
        segments.backward(one);
      }
      StateDict.of(model)
          .forEach(
              (name, parameter) ->
                  values.put(
                      name,
                      parameter.requiresGradient()
                          ? parameter.getArray().getGradient().toFloatArray()
                          : parameter.getArray().toType(DataType.FLOAT32, false).toFloatArray()));
      found.add(values);
    }
    found
        .get(0)
        .forEach(
            (name, v) ->
                assertThat(found.get(1).get(name)).as(name).containsExactly(v, within(1e-6f)));
    assertThat(found.get(0)).isNotEmpty();
  }

  @Test
  void wrongSizesAreRefused() {
    assertThatThrownBy(() -> config(0, 3, true, false)).hasMessageContaining("clusters");
    assertThatThrownBy(
            () -> new KMeansAttentionConfig(2, 2, 2, 4, false, true, 0, 0.9, 0, 0, false, true))
        .hasMessageContaining("causal");
  }

  @Test
  void sequencesMayBeLongerThanTheModelWasMadeFor() {
    RoutingLanguageModel model = new RoutingLanguageModel(model(false));
    model.initialize(manager, DataType.FLOAT32);
    NDArray tokens = manager.randomInteger(0, 9, new Shape(1, 60), DataType.INT64);
    NDArray logits = model.forward(inference(), new NDList(tokens)).head();
    assertThat(logits.isNaN().any().getBoolean()).isFalse();
  }

  private static RoutingConfig model(boolean causalSelection) {
    return new RoutingConfig(
        9,
        12,
        12,
        2,
        3,
        4,
        List.of(2, 1),
        24,
        4,
        5,
        1,
        true,
        true,
        1,
        2,
        false,
        RoutingConfig.Norm.LAYER,
        false,
        false,
        0.9,
        1e-4,
        0,
        false,
        causalSelection);
  }

  private NDArray run(KMeansAttention attention, NDArray q, NDArray k, NDArray v) {
    return attention.forward(inference(), new NDList(q, k, v)).head();
  }

  private static double dot(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
  }

  private static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }

  private static void add(double[] sum, double[] x, double weight) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += weight * x[i];
    }
  }

  private static double[][] rows(NDArray x) {
    int width = (int) x.getShape().get(x.getShape().dimension() - 1);
    float[] all = x.toFloatArray();
    double[][] rows = new double[all.length / width][width];
    for (int i = 0; i < all.length; i++) {
      rows[i / width][i % width] = all[i];
    }
    return rows;
  }
}
