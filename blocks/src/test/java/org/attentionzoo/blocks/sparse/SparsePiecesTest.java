package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.util.Random;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks and spans against loops over the tokens. */
class SparsePiecesTest {

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

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 5, 11, 16})
  void blocksHoldTheTokensInOrderAndZerosBehindThem(int size) {
    NDArray x = manager.randomNormal(new Shape(2, 3, 11, 4));
    NDArray blocks = TokenBlocks.split(x, 2, size);
    int count = (11 + size - 1) / size;
    assertThat(blocks.getShape()).isEqualTo(new Shape(2, 3, count, size, 4));
    for (int t = 0; t < count * size; t++) {
      float expected = t < 11 ? x.getFloat(1, 2, t, 3) : 0;
      assertThat(blocks.getFloat(1, 2, t / size, t % size, 3)).isEqualTo(expected);
    }
    assertThat(TokenBlocks.join(blocks, 2, 11)).isEqualTo(x);
  }

  @Test
  void placesWithoutTokensAreToldFromOthers() {
    NDArray valid = manager.create(new boolean[] {true, false, true, true, false}).expandDims(0);
    assertThat(TokenBlocks.exists(valid, 5, 3, valid).toBooleanArray())
        .containsExactly(true, false, true, true, false, false);
    assertThat(TokenBlocks.exists(valid, 4, 3, null).toBooleanArray())
        .containsExactly(true, true, true, true, false, false);
    assertThatThrownBy(() -> TokenBlocks.count(3, 0)).hasMessageContaining("at least 1");
  }

  @ParameterizedTest
  @EnumSource(SpanPooling.class)
  void aSpanIsPooledOverTheTokensThatExist(SpanPooling pooling) {
    NDArray x = manager.randomNormal(new Shape(1, 3, 4, 2));
    boolean[][] live = {{true, true, true, true}, {false, true, false, true}, new boolean[4]};
    NDArray exists = manager.create(new Shape(1, 3, 4, 1), DataType.BOOLEAN);
    exists = manager.create(flat(live)).reshape(1, 3, 4, 1);
    NDArray pooled = pooling.pool(x, exists, 2);
    for (int s = 0; s < 3; s++) {
      for (int c = 0; c < 2; c++) {
        double sum = 0;
        double most = Double.NEGATIVE_INFINITY;
        int count = 0;
        for (int t = 0; t < 4; t++) {
          if (live[s][t]) {
            sum += x.getFloat(0, s, t, c);
            most = Math.max(most, x.getFloat(0, s, t, c));
            count++;
          }
        }
        assertThat((double) pooled.getFloat(0, s, c))
            .isCloseTo(of(pooling, sum, most, count), org.assertj.core.data.Offset.offset(1e-6));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(SpanPooling.class)
  void spansOfAnyLengthAreThoseOfALoop(SpanPooling pooling) {
    Random random = new Random(5);
    for (int length : new int[] {1, 2, 3, 8, 13}) {
      for (int spans : new int[] {1, 2, 5}) {
        long[] borders = new long[2 * (spans + 1)];
        for (int row = 0; row < 2; row++) {
          long[] inner = random.longs(spans - 1L, 0, length + 1L).sorted().toArray();
          System.arraycopy(inner, 0, borders, row * (spans + 1) + 1, inner.length);
          borders[row * (spans + 1) + spans] = length;
        }
        NDArray x = manager.randomNormal(new Shape(2, length, 3));
        NDArray weight = manager.randomNormal(new Shape(2, spans, 3));
        x.setRequiresGradient(true);
        NDArray actual;
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
          actual = pooling.overSpans(x, manager.create(borders, new Shape(2, spans + 1L)));
          collector.backward(actual.mul(weight).sum());
        }
        check(pooling, x, weight, borders, spans, actual);
      }
    }
  }

  private static void check(
      SpanPooling pooling, NDArray x, NDArray weight, long[] borders, int spans, NDArray actual) {
    int length = (int) x.getShape().get(1);
    for (int row = 0; row < 2; row++) {
      for (int c = 0; c < 3; c++) {
        double[] gradient = new double[length];
        for (int s = 0; s < spans; s++) {
          int from = (int) borders[row * (spans + 1) + s];
          int to = (int) borders[row * (spans + 1) + s + 1];
          double sum = 0;
          double most = Double.NEGATIVE_INFINITY;
          int best = from;
          for (int t = from; t < to; t++) {
            double value = x.getFloat(row, t, c);
            sum += value;
            best = value > most ? t : best;
            most = Math.max(most, value);
          }
          for (int t = from; t < to; t++) {
            double share = pooling == SpanPooling.MEAN ? 1.0 / (to - from) : 1;
            share = pooling == SpanPooling.MAX ? t == best ? 1 : 0 : share;
            gradient[t] += share * weight.getFloat(row, s, c);
          }
          assertThat((double) actual.getFloat(row, s, c))
              .as("span %s from %s to %s", s, from, to)
              .isCloseTo(
                  of(pooling, sum, most, to - from), org.assertj.core.data.Offset.offset(2e-6));
        }
        for (int t = 0; t < length; t++) {
          assertThat((double) x.getGradient().getFloat(row, t, c))
              .isCloseTo(gradient[t], org.assertj.core.data.Offset.offset(2e-6));
        }
      }
    }
  }

  @Test
  void everyTokenBelongsToTheSpanThatBeginsLastBeforeIt() {
    NDArray borders = manager.create(new long[] {0, 2, 2, 5, 0, 1, 5, 5}, new Shape(2, 4));
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    long[] expected = {0, 0, 2, 2, 2, 0, 1, 1, 1, 1};
    assertThat(SpanPooling.spanOf(pass, borders, 5).toLongArray()).isEqualTo(expected);
    assertThat(SpanPooling.spanOf(pass.onPlainPath(), borders, 5).toLongArray())
        .isEqualTo(expected);
  }

  private static double of(SpanPooling pooling, double sum, double most, int count) {
    if (count == 0) {
      return 0;
    }
    return switch (pooling) {
      case MEAN -> sum / count;
      case MAX -> most;
      case SUM -> sum;
    };
  }

  private static boolean[] flat(boolean[][] rows) {
    boolean[] all = new boolean[rows.length * rows[0].length];
    for (int i = 0; i < all.length; i++) {
      all[i] = rows[i / rows[0].length][i % rows[0].length];
    }
    return all;
  }
}
