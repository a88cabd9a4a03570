package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatheredAttentionTest {

  private static final int BATCH = 2;
  private static final int HEADS = 4;
  private static final int GROUPS = 2;
  private static final int QUERIES = 5;
  private static final int KEYS = 7;
  private static final int LISTED = 4;
  private static final int WIDTH = 3;
  private static final int VALUE = 2;
  private static final double SCALE = 0.7;

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass pass(boolean plain) {
    Pass pass = Pass.training(new ParameterStore(manager, false));
    return plain ? pass.onPlainPath() : pass;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void equalsALoopInFloat64WithTheGradientOfTheValues(boolean plain) {
    NDArray q = manager.randomNormal(new Shape(BATCH, HEADS, QUERIES, WIDTH));
    NDArray k = manager.randomNormal(new Shape(BATCH, GROUPS, KEYS, WIDTH));
    NDArray v = manager.randomNormal(new Shape(BATCH, GROUPS, KEYS, VALUE));
    NDArray index =
        manager.randomInteger(0, KEYS, new Shape(BATCH, 1, QUERIES, LISTED), DataType.INT64);
    boolean[] counts = new boolean[BATCH * QUERIES * LISTED];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = i % 3 != 0 && i >= LISTED; // the first query is allowed none
    }
    NDArray allowed = manager.create(counts, new Shape(BATCH, 1, QUERIES, LISTED));
    float[] queries = q.toFloatArray();
    float[] keys = k.toFloatArray();
    float[] values = v.toFloatArray();
    long[] listed = index.toLongArray();
    double[] expected = new double[BATCH * HEADS * QUERIES * VALUE];
    double[] gradient = new double[values.length];
    for (int b = 0; b < BATCH; b++) {
      for (int h = 0; h < HEADS; h++) {
        int group = b * GROUPS + h / (HEADS / GROUPS);
        for (int i = 0; i < QUERIES; i++) {
          double[] weight = new double[LISTED];
          double total = 0;
          for (int m = 0; m < LISTED; m++) {
            int entry = (b * QUERIES + i) * LISTED + m;
            double dot = 0;
            for (int c = 0; c < WIDTH; c++) {
              dot +=
                  (double) queries[((b * HEADS + h) * QUERIES + i) * WIDTH + c]
                      * keys[(group * KEYS + (int) listed[entry]) * WIDTH + c];
            }
            weight[m] = counts[entry] ? Math.exp(SCALE * dot) : 0;
            total += weight[m];
          }
          for (int m = 0; m < LISTED && total > 0; m++) {
            int row = group * KEYS + (int) listed[(b * QUERIES + i) * LISTED + m];
            for (int c = 0; c < VALUE; c++) {
              double share = weight[m] / total;
              expected[((b * HEADS + h) * QUERIES + i) * VALUE + c] +=
                  share * values[row * VALUE + c];
              gradient[row * VALUE + c] += share * (c + 1);
            }
          }
        }
      }
    }
    v.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray output = GatheredAttention.attend(pass(plain), q, k, v, index, allowed, SCALE);
      assertClose(output, expected);
      collector.backward(output.mul(manager.create(new float[] {1, 2})).sum());
    }
    assertClose(v.getGradient(), gradient);
  }

  /** Without gradients a million gathered values are a piece: here those of 256 queries. */
  @ParameterizedTest
  @ValueSource(longs = {1, HEADS})
  void piecesOfQueriesAreTheWhole(long indexHeads) {
    int queries = 600;
    int listed = 16;
    int width = 64;
    NDArray q = manager.randomNormal(new Shape(BATCH, HEADS, queries, width)).mul(0.2f);
    NDArray k = manager.randomNormal(new Shape(BATCH, GROUPS, KEYS, width));
    NDArray v = manager.randomNormal(new Shape(BATCH, GROUPS, KEYS, width));
    NDArray index =
        manager.randomInteger(0, KEYS, new Shape(1, indexHeads, queries, listed), DataType.INT64);
    try (GradientMode ignored = GradientMode.off()) {
      NDArray fast = GatheredAttention.attend(pass(false), q, k, v, index, null, SCALE);
      NDArray plain = GatheredAttention.attend(pass(true), q, k, v, index, null, SCALE);
      assertThat(fast.sub(plain).abs().max().getFloat()).isLessThan(1e-5f);
      assertThat(plain.abs().max().getFloat()).isGreaterThan(0.5f);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theFirstOfEqualScoresIsChosenAndGradientsReachTheChosen(boolean plain) {
    NDArray scores =
        manager.create(new float[] {1, 3, 3, 2, 3, 0, 5, 5, 5, 5}, new Shape(2, 5)).duplicate();
    NDArray allowed =
        manager.create(
            new boolean[] {true, true, true, true, false, true, false, false, false, true},
            new Shape(2, 5));
    scores.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      TopSelection top = TopSelection.of(pass(plain), scores, allowed, 3);
      assertThat(top.indices().toLongArray()).containsExactly(1, 2, 3, 4, 0, 0);
      assertThat(top.found().toBooleanArray()).containsExactly(true, true, true, true, true, false);
      assertThat(top.scores().toFloatArray())
          .containsExactly(3, 3, 2, 5, 0, Float.NEGATIVE_INFINITY);
      NDArray factors = manager.create(new float[] {1, 2, 4, 8, 16, 0}, new Shape(2, 3));
      collector.backward(top.scores().get("0").mul(factors.get("0")).sum());
    }
    assertThat(scores.getGradient().toFloatArray()).containsExactly(0, 1, 2, 4, 0, 0, 0, 0, 0, 0);
    assertThat(TopSelection.of(pass(plain), scores, null, 99).indices().getShape())
        .isEqualTo(new Shape(2, 5));
    assertThatThrownBy(() -> TopSelection.of(pass(plain), scores, null, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void assertClose(NDArray actual, double[] expected) {
    float[] values = actual.toFloatArray();
    assertThat(values).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) values[i]).isCloseTo(expected[i], within(2e-6));
    }
  }
}
