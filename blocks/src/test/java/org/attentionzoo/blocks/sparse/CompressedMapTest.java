package org.attentionzoo.blocks.sparse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressedMapTest {

  private static final int HEADS = 2;

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

  private NDArray index(int keys) {
    return manager.arange(0f, (float) keys, 1f);
  }

  @Test
  void rowsAreStretchedOverTheirOwnKeys() {
    NDArray counts = manager.create(new float[] {1, 3, 4, 8}, new Shape(4, 1));
    NDArray columns = CompressedMap.columns(index(8), counts, null, 4);
    assertThat(columns.toLongArray())
        .containsExactly(
            1, 4, 4, 4, 4, 4, 4, 4, //
            0, 1, 3, 4, 4, 4, 4, 4, //
            0, 1, 2, 3, 4, 4, 4, 4, //
            0, 0, 1, 1, 2, 2, 3, 3);
    NDArray map = manager.arange(16f).reshape(1, 1, 4, 4);
    NDArray stretched = CompressedMap.stretch(map, columns.reshape(1, 1, 4, 8), -1);
    assertThat(stretched.get("0, 0, 1").toFloatArray())
        .containsExactly(4, 5, 7, -1, -1, -1, -1, -1);
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "5", "20"})
  void theLargestCellsAreMarked(int most) {
    NDArray scores = manager.randomNormal(new Shape(3, 7));
    NDArray counts = manager.create(new float[] {most, 0, 1}, new Shape(3, 1));
    boolean[] fast = CompressedMap.topFast(scores, counts).toBooleanArray();
    assertThat(CompressedMap.topPlain(scores, counts).toBooleanArray()).isEqualTo(fast);
    float[] first = scores.get(0).toFloatArray();
    double[] sorted = IntStream.range(0, 7).mapToDouble(i -> -first[i]).sorted().toArray();
    for (int i = 0; i < 7; i++) {
      assertThat(fast[i]).isEqualTo(-first[i] <= sorted[Math.min(most, 7) - 1]);
      assertThat(fast[7 + i]).isFalse();
    }
  }

  @Test
  void ofEqualCellsTheFirstAreMarked() {
    NDArray scores = manager.zeros(new Shape(1, 40));
    boolean[] marked =
        CompressedMap.topFast(scores, manager.create(new float[] {3})).toBooleanArray();
    for (int i = 0; i < 40; i++) {
      assertThat(marked[i]).isEqualTo(i < 3);
    }
  }

  /** Maps wider and narrower than the rows, nothing and everything marked. */
  @ParameterizedTest
  @CsvSource({"16, 5, 0.3", "4, 33, 0.3", "8, 17, 0", "8, 17, 1", "7, 1, 1", "3, 64, 0.5"})
  void pairsAreThoseOfTheStretchedMask(int width, int length, double share) {
    int batch = 2;
    Random random = new Random(1);
    boolean[] marked = new boolean[batch * HEADS * length * width];
    for (int i = 0; i < marked.length; i++) {
      marked[i] = random.nextDouble() < share;
    }
    Shape shape = new Shape(batch, HEADS, length, width);
    NDArray selected = manager.create(marked, shape);
    NDArray counts = manager.arange(1f, length + 1f, 1f);
    NDList pairs = CompressedMap.pairs(selected, counts.reshape(1, length), null, length);
    NDArray columns = CompressedMap.columns(index(length), counts.reshape(length, 1), null, width);
    TreeSet<List<Long>> expected = new TreeSet<>(PairOrder.INSTANCE);
    long[] column = columns.toLongArray();
    for (int lane = 0; lane < batch * HEADS; lane++) {
      for (int row = 0; row < length; row++) {
        for (int key = 0; key <= row; key++) {
          if (marked[(lane * length + row) * width + (int) column[row * length + key]]) {
            expected.add(List.of((long) lane * length + row, (long) lane * length + key));
          }
        }
      }
    }
    assertThat(list(pairs)).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void paddedKeysAreNeverInAPair() {
    boolean[] valid = {false, true, false, true, true, true, true, true, true, false};
    NDArray live = manager.create(valid, new Shape(2, 5));
    NDArray counts = manager.create(new float[] {3, 4}, new Shape(2, 1));
    NDArray order = manager.create(new long[] {1, 3, 4, 0, 2, 0, 1, 2, 3, 4}, new Shape(2, 5));
    NDArray selected = manager.ones(new Shape(2, 1, 2, 3), DataType.BOOLEAN);
    NDList pairs = CompressedMap.pairs(selected, counts, order, 5);
    NDArray rank = live.toType(DataType.FLOAT32, false).cumSum(1).sub(1).expandDims(1);
    NDArray columns = CompressedMap.columns(rank, counts.expandDims(1), live.expandDims(1), 3);
    List<List<Long>> expected = new ArrayList<>();
    for (int b = 0; b < 2; b++) {
      for (long row = 0; row < 2; row++) {
        for (int key = 0; key < 5; key++) {
          assertThat(columns.getLong(b, 0, key) < 3).isEqualTo(valid[b * 5 + key]);
          if (valid[b * 5 + key]) {
            expected.add(List.of(b * 2 + row, (long) b * 5 + key));
          }
        }
      }
    }
    assertThat(list(pairs)).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void oversampledCellsAreThinnedEvenly() {
    int length = 24;
    NDArray counts = manager.arange(1f, length + 1f, 1f);
    NDArray selected = manager.ones(new Shape(1, 1, length, 6), DataType.BOOLEAN);
    NDList pairs = CompressedMap.pairs(selected, counts.reshape(1, length), null, length, 2, 3);
    NDArray taken = CompressedMap.thinned(index(length), counts.reshape(length, 1), 2, 3);
    List<List<Long>> expected = new ArrayList<>();
    for (long row = 0; row < length; row++) {
      for (long key = 0; key <= row; key++) {
        if (taken.getBoolean(row, key)) {
          expected.add(List.of(row, key));
        }
      }
    }
    assertThat(list(pairs)).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(expected).hasSizeBetween(length * length / 5, length * length / 3);
  }

  @Test
  void attentionOverPairsIsThatOfALoop() {
    int length = 9;
    int width = 3;
    NDArray q = manager.randomNormal(new Shape(1, 2, length, width));
    NDArray k = manager.randomNormal(new Shape(1, 2, length, width));
    NDArray v = manager.randomNormal(new Shape(1, 2, length, 2));
    long[] rows = {0, 2, 2, 2, 5, 11, 11};
    long[] keys = {0, 1, 0, 2, 4, 9, 17};
    float[] actual =
        PairAttention.attend(q, k, v, manager.create(rows), manager.create(keys), 0.7)
            .toFloatArray();
    float[] queries = q.toFloatArray();
    float[] ks = k.toFloatArray();
    float[] values = v.toFloatArray();
    for (int row = 0; row < 2 * length; row++) {
      double total = 0;
      double[] sum = new double[2];
      for (int p = 0; p < rows.length; p++) {
        if (rows[p] == row) {
          double score = 0;
          for (int c = 0; c < width; c++) {
            score += (double) queries[row * width + c] * ks[(int) keys[p] * width + c];
          }
          double weight = Math.exp(0.7 * score);
          total += weight;
          for (int c = 0; c < 2; c++) {
            sum[c] += weight * values[(int) keys[p] * 2 + c];
          }
        }
      }
      for (int c = 0; c < 2; c++) {
        assertThat((double) actual[row * 2 + c])
            .isCloseTo(total == 0 ? 0 : sum[c] / total, within(1e-5));
      }
    }
    NDArray mask =
        PairAttention.mask(
            manager.create(rows), manager.create(keys), new Shape(1, 2, length, length), q);
    assertThat(mask.sum().getFloat()).isEqualTo(rows.length);
    float[] dense = PairAttention.weights(q, k, mask, 0.7).matMul(v).toFloatArray();
    for (int i = 0; i < dense.length; i++) {
      assertThat(dense[i]).isCloseTo(actual[i], within(1e-5f));
    }
  }

  private static List<List<Long>> list(NDList pairs) {
    long[] rows = pairs.get(0).toLongArray();
    long[] keys = pairs.get(1).toLongArray();
    assertThat(Arrays.stream(rows).sorted().toArray()).isEqualTo(rows);
    return IntStream.range(0, rows.length).mapToObj(i -> List.of(rows[i], keys[i])).toList();
  }

  /** Orders pairs by row, then key. */
  private enum PairOrder implements java.util.Comparator<List<Long>> {
    INSTANCE;

    @Override
    public int compare(List<Long> a, List<Long> b) {
      int rows = Long.compare(a.get(0), b.get(0));
      return rows != 0 ? rows : Long.compare(a.get(1), b.get(1));
    }
  }
}
