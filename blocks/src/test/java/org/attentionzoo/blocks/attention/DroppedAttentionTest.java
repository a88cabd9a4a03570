package org.attentionzoo.blocks.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the comparison with the plain version cannot see: that the kernel drops at random, and as
 * often as it should. The lengths are those of a whole pattern, of chunks and of convolutions.
 */
class DroppedAttentionTest {

  private static final double RATE = 0.2;
  private static final int BATCH = 2;
  private static final int HEADS = 8;
  private static final int WIDTH = 32;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray normal(int length) {
    return manager.randomNormal(new Shape(BATCH, HEADS, length, WIDTH));
  }

  private static NDArray attend(NDArray q, NDArray k, NDArray v, boolean oneDnn, long seed) {
    JniUtils.setSeed(seed);
    return DotProductAttention.dropped(q, k, v, null, null, true, 0.3, RATE, oneDnn, oneDnn);
  }

  /** Whether a weight is left, for each query and key: values are a one for each key. */
  private boolean[] kept(int length, boolean oneDnn, long seed) {
    NDArray ones =
        manager.eye(length).broadcast(new Shape(BATCH, HEADS, length, length)).duplicate();
    return attend(normal(length), normal(length), ones, oneDnn, seed).neq(0).toBooleanArray();
  }

  @ParameterizedTest
  @CsvSource({"48, false", "48, true", "152, false", "152, true", "400, false", "400, true"})
  void dropsAboutAsManyWeightsAsTheRateSaysInEveryPartAndNothingElse(int length, boolean oneDnn) {
    boolean[] kept = kept(length, oneDnn, 11);
    int rows = BATCH * HEADS * length;
    int part = length / 8;
    long[] dropped = new long[8];
    long[] seen = new long[8];
    for (int row = 0; row < rows; row++) {
      int query = row % length;
      for (int key = 0; key < length; key++) {
        boolean stays = kept[row * length + key];
        if (key > query) {
          assertThat(stays).as("query %s sees key %s", query, key).isFalse();
        } else {
          seen[query / part]++;
          dropped[query / part] += stays ? 0 : 1;
        }
      }
    }
    for (int i = 0; i < seen.length; i++) {
      double deviation = Math.sqrt(RATE * (1 - RATE) / seen[i]);
      assertThat((double) dropped[i] / seen[i])
          .as("part %s", i)
          .isCloseTo(RATE, within(5 * deviation));
    }
  }

  @ParameterizedTest
  @CsvSource({"48, false", "48, true", "152, false", "152, true", "400, false", "400, true"})
  void neighboursAreDroppedIndependently(int length, boolean oneDnn) {
    boolean[] kept = kept(length, oneDnn, 12);
    int square = length * length;
    int chunk = Math.min(64, length / 2) * (length + 1);
    for (int step : new int[] {1, length, square, HEADS * square, chunk}) {
      long both = 0;
      long pairs = 0;
      for (int i = 0; i + step < kept.length; i++) {
        int other = i + step;
        if (i % length <= i / length % length && other % length <= other / length % length) {
          pairs++;
          both += !kept[i] && !kept[other] ? 1 : 0;
        }
      }
      double share = RATE * RATE;
      assertThat((double) both / pairs)
          .as("weights %s apart", step)
          .isCloseTo(share, within(6 * Math.sqrt(share / pairs)));
    }
  }

  @ParameterizedTest
  @CsvSource({"48, false", "48, true", "152, false", "152, true", "400, false", "400, true"})
  void laterKeysNeitherChangeAnOutputNorGetAGradient(int length, boolean oneDnn) {
    int known = length * 5 / 8;
    NDArray q = normal(length);
    NDArray k = normal(length);
    NDArray v = normal(length);
    String past = ":, :, :" + known;
    String future = ":, :, " + known + ":";
    NDArray before = attend(q, k, v, oneDnn, 13).get(past);
    NDArray otherKeys = k.get(past).concat(normal(length).get(future), 2);
    NDArray otherValues = v.get(past).concat(normal(length).get(future), 2);
    NDArray after = attend(q, otherKeys, otherValues, oneDnn, 13).get(past);
    assertThat(after.toFloatArray()).isEqualTo(before.toFloatArray());
    assertThat(attend(q, k, v, oneDnn, 14).get(past).toFloatArray())
        .isNotEqualTo(before.toFloatArray());

    k.setRequiresGradient(true);
    v.setRequiresGradient(true);
    try (GradientMode ignored = GradientMode.on()) {
      NDArray sum = attend(q, k, v, oneDnn, 13).get(past).square().sum();
      BackwardPass.from(sum);
    }
    for (NDArray gradient : new NDArray[] {k.getGradient(), v.getGradient()}) {
      assertThat(gradient.get(future).toFloatArray()).containsOnly(0);
      assertThat(gradient.get(past).abs().sum().getFloat()).isPositive();
    }
  }
}
