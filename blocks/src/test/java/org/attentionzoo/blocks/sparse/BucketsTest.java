package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.Random;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BucketsTest {

  private NDManager manager;
  private Pass pass;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    pass = Pass.inference(new ParameterStore(manager, false));
    JniUtils.setSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void mergedPartsAreAttentionToAllKeys(boolean graph) {
    int queries = 5;
    int keys = 9;
    int width = 4;
    NDArray q = manager.randomNormal(new Shape(1, 1, queries, width));
    NDArray k = manager.randomNormal(new Shape(1, 1, keys, width));
    NDArray v = manager.randomNormal(new Shape(1, 1, keys, width));
    PartialAttention merged;
    PartialAttention withEpsilon;
    // Without a graph the fused kernel runs, whose log-sum-exp is its own.
    try (GradientMode ignored = graph ? GradientMode.on() : GradientMode.off()) {
      PartialAttention first =
          PartialAttention.of(pass, q, k.get(":, :, :3"), v.get(":, :, :3"), null, false, 0.7);
      PartialAttention second =
          PartialAttention.of(pass, q, k.get(":, :, 3:"), v.get(":, :, 3:"), null, false, 0.7);
      merged = first.merge(second);
      withEpsilon = first.merge(second, 1.2e-7);
    }
    double[][] expected = attention(rows(q), rows(k), rows(v), 0.7);
    double[][] actual = rows(merged.output());
    for (int i = 0; i < queries; i++) {
      for (int j = 0; j < width; j++) {
        assertThat(actual[i][j]).isCloseTo(expected[i][j], within(2e-6));
      }
      double sum = expected[i][width];
      assertThat(rows(merged.logSumExp())[i][0]).isCloseTo(sum, within(2e-6));
      assertThat(rows(withEpsilon.logSumExp())[i][0]).isCloseTo(sum, within(1e-5));
    }
  }

  @Test
  void aQueryWithoutKeysLeavesTheMergeToTheOtherPart() {
    NDArray q = manager.randomNormal(new Shape(1, 1, 2, 3));
    NDArray k = manager.randomNormal(new Shape(1, 1, 4, 3));
    q.setRequiresGradient(true);
    NDArray none = manager.zeros(new Shape(1, 1, 2, 4), DataType.BOOLEAN);
    for (Pass path : new Pass[] {pass, pass.onPlainPath()}) {
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        PartialAttention full = PartialAttention.of(path, q, k, k, null, false, 1);
        PartialAttention empty = PartialAttention.of(path, q, k, k, none, false, 1);
        for (PartialAttention merged :
            new PartialAttention[] {full.merge(empty.weighed(7)), empty.merge(full)}) {
          assertThat(merged.output().sub(full.output()).abs().max().getFloat()).isZero();
          assertThat(merged.logSumExp().sub(full.logSumExp()).abs().max().getFloat()).isZero();
        }
        PartialAttention merged = full.merge(empty, 1e-7);
        collector.backward(merged.output().sum().add(merged.logSumExp().sum()));
      }
      assertThat(q.getGradient().isNaN().any().getBoolean()).isFalse();
    }
  }

  @Test
  void sortingByBucketKeepsTheOrderOfTimeAndIsUndone() {
    Random random = new Random(5);
    long[] buckets = random.longs(2 * 13, 0, 4).toArray();
    NDArray array = manager.create(buckets, new Shape(1, 2, 13));
    TokenOrder order = TokenOrder.byBucket(array);
    long[] indices = order.indices().toLongArray();
    for (int head = 0; head < 2; head++) {
      for (int i = 1; i < 13; i++) {
        int before = (int) indices[13 * head + i - 1];
        int here = (int) indices[13 * head + i];
        long difference = buckets[13 * head + here] - buckets[13 * head + before];
        assertThat(difference > 0 || (difference == 0 && here > before)).isTrue();
      }
    }
    NDArray x = manager.randomNormal(new Shape(1, 2, 13, 3));
    for (Pass path : new Pass[] {pass, pass.onPlainPath()}) {
      assertThat(order.undo(path, order.sort(path, x))).isEqualTo(x);
      assertThat(order.sort(path, x)).isNotEqualTo(x);
    }
  }

  @Test
  void rowsAreAveragedWhereTheyCameFrom() {
    NDArray rows = manager.create(new float[] {1, 10, 100, 1000}, new Shape(1, 1, 4, 1));
    NDArray indices = manager.create(new long[] {2, 0, 2, 2}, new Shape(1, 1, 4));
    for (Pass path : new Pass[] {pass, pass.onPlainPath()}) {
      float[] mean = TokenRows.scatterMean(path, rows, indices, 4, 0.5).toFloatArray();
      assertThat(mean).containsExactly(10 / 1.5f, 0, 1101 / 3.5f, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBucketIsTheGrayCodeOfTheSides(AngularHash.Visit visit) {
    int bits = 5;
    // Unit vectors with signs: direction i sees the sign of coordinate i.
    AngularHash hash = new AngularHash(manager.eye(bits), visit);
    long[] seen = new long[1 << bits];
    for (int b = 0; b < seen.length; b++) {
      float[] x = new float[bits];
      for (int i = 0; i < bits; i++) {
        x[i] = (b >> i & 1) == 1 ? 1 : -1;
      }
      seen[b] = hash.buckets(manager.create(x, new Shape(1, bits))).getLong();
      long gray = visit == AngularHash.Visit.GRAY_CODE ? b ^ (b >> 1) : b;
      long actual = visit == AngularHash.Visit.GRAY_CODE ? seen[b] : seen[b] ^ (seen[b] >> 1);
      assertThat(actual).isEqualTo(gray);
    }
    assertThat(Arrays.stream(seen).distinct().count()).isEqualTo(hash.buckets());
    if (visit == AngularHash.Visit.GRAY_RANK) {
      Integer[] byRank = new Integer[seen.length];
      for (int b = 0; b < seen.length; b++) {
        byRank[(int) seen[b]] = b;
      }
      for (int i = 1; i < byRank.length; i++) {
        assertThat(Integer.bitCount(byRank[i] ^ byRank[i - 1])).isEqualTo(1);
      }
    }
  }

  @Test
  void vectorsAtASmallAngleShareABucketMoreOften() {
    AngularHash hash =
        new AngularHash(manager.randomNormal(new Shape(16, 4)), AngularHash.Visit.GRAY_CODE);
    NDArray x = manager.randomNormal(new Shape(2000, 16));
    NDArray near = x.add(manager.randomNormal(new Shape(2000, 16)).mul(0.1));
    NDArray far = manager.randomNormal(new Shape(2000, 16));
    double same =
        hash.buckets(x).eq(hash.buckets(near)).toType(DataType.FLOAT32, false).mean().getFloat();
    double chance =
        hash.buckets(x).eq(hash.buckets(far)).toType(DataType.FLOAT32, false).mean().getFloat();
    // (1 - angle / pi)^bits with an angle of about 0.1, and 2^-bits
    assertThat(same).isBetween(0.82, 0.93);
    assertThat(chance).isBetween(0.03, 0.1);
  }

  /** Output, and in the last column the log-sum-exp. */
  private static double[][] attention(double[][] q, double[][] k, double[][] v, double scale) {
    double[][] result = new double[q.length][v[0].length + 1];
    for (int i = 0; i < q.length; i++) {
      double sum = 0;
      for (int j = 0; j < k.length; j++) {
        double dot = 0;
        for (int c = 0; c < q[i].length; c++) {
          dot += q[i][c] * k[j][c];
        }
        double weight = Math.exp(scale * dot);
        sum += weight;
        for (int c = 0; c < v[j].length; c++) {
          result[i][c] += weight * v[j][c];
        }
      }
      for (int c = 0; c < v[0].length; c++) {
        result[i][c] /= sum;
      }
      result[i][v[0].length] = Math.log(sum);
    }
    return result;
  }

  private static double[][] rows(NDArray x) {
    int width = (int) x.getShape().get(3);
    float[] all = x.toFloatArray();
    double[][] rows = new double[all.length / width][width];
    for (int i = 0; i < all.length; i++) {
      rows[i / width][i % width] = all[i];
    }
    return rows;
  }
}
