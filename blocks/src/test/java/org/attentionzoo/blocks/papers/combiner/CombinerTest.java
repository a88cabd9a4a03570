package org.attentionzoo.blocks.papers.combiner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.papers.combiner.CombinerConfig.Pattern;
import org.attentionzoo.blocks.sparse.SpanPooling;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Combiner promises: weights for all, none for the future, full attention at the limits. */
class CombinerTest {

  private static final int WIDTH = 8;
  private static final int HEADS = 2;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "FIXED, 12, 3",
    "FIXED, 13, 4",
    "LOGSPARSE, 13, 1",
    "LOGSPARSE, 17, 1",
    "LOGSPARSE, 5, 1",
    "AXIAL_ROWMAJOR, 12, 3",
    "AXIAL_ROWMAJOR, 14, 4",
    "AXIAL_MIXTURE, 12, 4"
  })
  void everyEarlierTokenHasAWeightAndNoLaterOne(Pattern pattern, int length, int segment) {
    NDArray weights = weights(config(pattern, segment), length);
    for (int head = 0; head < HEADS; head++) {
      for (int i = 0; i < length; i++) {
        double sum = 0;
        for (int j = 0; j < length; j++) {
          float weight = weights.getFloat(1, head, i, j);
          sum += weight;
          if (j <= i) {
            assertThat(weight).as("weight of %s for %s", j, i).isPositive();
          } else {
            assertThat(weight).as("weight of %s for %s", j, i).isZero();
          }
        }
        assertThat(sum).isCloseTo(1, offset(1e-5));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FIXED, 9, 9",
    "FIXED, 9, 20",
    "FIXED, 9, 1",
    "LOGSPARSE, 2, 1",
    "AXIAL_ROWMAJOR, 9, 9",
    "AXIAL_MIXTURE, 9, 9"
  })
  void atTheLimitItIsFullAttention(Pattern pattern, int length, int segment) {
    CombinerConfig config = config(pattern, segment);
    CombinerAttention attention = new CombinerAttention(config);
    attention.initialize(manager, DataType.FLOAT32);
    NDArray hidden = hidden(length);
    NDArray q = new Projection(attention, "query").of(hidden);
    NDArray k = new Projection(attention, "key").of(hidden);
    NDArray logits = q.matMul(k.swapAxes(2, 3)).mul(1 / Math.sqrt(WIDTH / (double) HEADS));
    NDArray index = manager.arange(length);
    NDArray later = index.expandDims(0).gt(index.expandDims(1)).toType(DataType.FLOAT32, false);
    NDArray expected = logits.add(later.mul(-1e30)).softmax(3);
    NDArray actual = attention.weights(inference(), hidden);
    assertThat(actual.sub(expected).abs().max().getFloat()).isLessThan(2e-6f);
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 9, 17})
  void theOfficialNumberOfLevelsLeavesALastTokenAlone(int length) {
    CombinerConfig official =
        new CombinerConfig(
            WIDTH, HEADS, WIDTH, Pattern.LOGSPARSE, 1, SpanPooling.MAX, true, true, 0);
    NDArray last = weights(official, length).get("0, 0, -1");
    assertThat(last.getFloat(length - 1)).isEqualTo(1f);
    NDArray others = weights(official, length - 1);
    NDArray repaired = weights(config(Pattern.LOGSPARSE, 1), length - 1);
    assertThat(others.sub(repaired).abs().max().getFloat()).isZero();
  }

  @Test
  void inBothDirectionsSegmentsAreReadWhole() {
    int length = 7;
    int m = 3;
    CombinerConfig config =
        new CombinerConfig(
            WIDTH, HEADS, WIDTH, Pattern.FIXED, m, SpanPooling.MEAN, false, false, 0);
    CombinerAttention attention = new CombinerAttention(config);
    attention.initialize(manager, DataType.FLOAT32);
    NDArray hidden = hidden(length);
    double[][] q = head(new Projection(attention, "query").of(hidden));
    double[][] k = head(new Projection(attention, "key").of(hidden));
    NDArray actual = attention.weights(inference(), hidden);
    for (int i = 0; i < length; i++) {
      double[] expected = loop(q, k, i, m);
      for (int j = 0; j < length; j++) {
        assertThat((double) actual.getFloat(0, 0, i, j)).isCloseTo(expected[j], offset(2e-6));
      }
    }
  }

  /** Fixed, both directions, means as summaries: the weights of query i of head 0 of row 0. */
  private static double[] loop(double[][] q, double[][] k, int i, int m) {
    int length = q.length;
    int segments = (length + m - 1) / m;
    double scale = 1 / Math.sqrt(q[0].length);
    int own = i / m;
    double[] logits = new double[m + segments];
    java.util.Arrays.fill(logits, Double.NEGATIVE_INFINITY);
    double[][] inside = new double[segments][];
    for (int s = 0; s < segments; s++) {
      int from = s * m;
      int to = Math.min(length, from + m);
      double[] meanQuery = mean(q, from, to);
      inside[s] = new double[to - from];
      for (int t = from; t < to; t++) {
        inside[s][t - from] = scale * dot(meanQuery, k[t]);
        if (s == own) {
          logits[t - from] = scale * dot(q[i], k[t]);
        }
      }
      inside[s] = softmax(inside[s]);
      logits[m + s] = scale * dot(q[i], mean(k, from, to));
    }
    double[] joint = softmax(logits);
    double[] weights = new double[length];
    for (int t = 0; t < length; t++) {
      int s = t / m;
      weights[t] = joint[m + s] * inside[s][t - s * m] + (s == own ? joint[t - s * m] : 0);
    }
    return weights;
  }

  @Test
  void fixedAtSqrtLengthComputesFarFewerLogits() {
    CombinerConfig config = config(Pattern.FIXED, 64);
    assertThat(CombinerAttention.logits(config, 4096)).isEqualTo(4096L * 128 + 4096);
    assertThat(4096L * 4096 / 2).isGreaterThan(15 * CombinerAttention.logits(config, 4096));
  }

  @Test
  void aLastSegmentThatIsNotWholeIsNoSpan() {
    CombinerAttention attention = new CombinerAttention(config(Pattern.FIXED, 4));
    attention.initialize(manager, DataType.FLOAT32);
    NDArray hidden = hidden(10);
    NDArray once = attention.mix(inference(), hidden, Sequences.FULL);
    NDArray shorter = attention.mix(inference(), hidden.get(":, :7"), Sequences.FULL);
    assertThat(once.get(":, :7").sub(shorter).abs().max().getFloat()).isLessThan(2e-6f);
  }

  @Test
  void whatIsNotDefinedIsRefused() {
    assertThatThrownBy(
            () ->
                new CombinerConfig(8, 2, 8, Pattern.LOGSPARSE, 1, SpanPooling.MAX, false, false, 0))
        .hasMessageContaining("LOGSPARSE is causal");
    assertThatThrownBy(() -> config(Pattern.FIXED, 0)).hasMessageContaining("at least 1 token");
  }

  private NDArray weights(CombinerConfig config, int length) {
    CombinerAttention attention = new CombinerAttention(config);
    JniUtils.setSeed(7);
    attention.initialize(manager, DataType.FLOAT32);
    return attention.weights(inference(), hidden(20).get(":, :{}", length));
  }

  private NDArray hidden(int length) {
    JniUtils.setSeed(8);
    return manager.randomNormal(new Shape(2, length, WIDTH));
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private static CombinerConfig config(Pattern pattern, int segment) {
    return CombinerConfig.causal(WIDTH, HEADS, pattern, segment);
  }

  /** A projection of the attention, as (B, H, L, d). */
  private record Projection(CombinerAttention attention, String name) {
    NDArray of(NDArray hidden) {
      DenseGeneral dense = (DenseGeneral) attention.namedChildren().get(name);
      Pass pass = Pass.inference(new ParameterStore(hidden.getManager(), false));
      return dense.forward(pass, hidden).transpose(0, 2, 1, 3);
    }
  }

  private static double[][] head(NDArray x) {
    int length = (int) x.getShape().get(2);
    int width = (int) x.getShape().get(3);
    double[][] rows = new double[length][width];
    for (int t = 0; t < length; t++) {
      for (int c = 0; c < width; c++) {
        rows[t][c] = x.getFloat(0, 0, t, c);
      }
    }
    return rows;
  }

  private static double[] mean(double[][] x, int from, int to) {
    double[] mean = new double[x[0].length];
    for (int t = from; t < to; t++) {
      for (int c = 0; c < mean.length; c++) {
        mean[c] += x[t][c] / (to - from);
      }
    }
    return mean;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int c = 0; c < a.length; c++) {
      sum += a[c] * b[c];
    }
    return sum;
  }

  private static double[] softmax(double[] logits) {
    double most = java.util.Arrays.stream(logits).max().orElseThrow();
    double[] weights = java.util.Arrays.stream(logits).map(x -> Math.exp(x - most)).toArray();
    double sum = java.util.Arrays.stream(weights).sum();
    return java.util.Arrays.stream(weights).map(x -> x / sum).toArray();
  }
}
