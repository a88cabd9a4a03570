package org.attentionzoo.blocks.papers.dhsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Method;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Stage;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;
import org.attentionzoo.blocks.positions.Rotary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What DHSA promises beside the official numbers. */
class DhsaTest {

  private static final int LENGTH = 23;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(11);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void withAllKeysAndNoFirstTokensItIsDense() {
    NDList in = heads();
    SelectionConfig all = new SelectionConfig(4, 99, 0, Pooling.SCALED_MEAN, 0, 3, -1);
    NDArray sparse = new HierarchicalAttention(all, 0.5).forward(inference(), in).head();
    assertThat(sparse.sub(dense(in, 0.5)).abs().max().getFloat()).isLessThan(1e-5f);
  }

  @Test
  void theInstructionSeesAllWhateverIsChosen() {
    NDList in = heads();
    SelectionConfig few = new SelectionConfig(4, 5, 0, Pooling.MEAN, 1, 2, 6);
    NDArray sparse = new HierarchicalAttention(few, 0.5).forward(inference(), in).head();
    NDArray difference = sparse.sub(dense(in, 0.5)).abs();
    assertThat(difference.get(":, :, {}:", LENGTH - 6).max().getFloat()).isLessThan(1e-5f);
    assertThat(difference.get(":, :, :{}", LENGTH - 6).max().getFloat()).isGreaterThan(0.01f);
  }

  @Test
  void noValueOfALaterTokenActs() {
    NDList in = heads();
    HierarchicalAttention attention =
        new HierarchicalAttention(new SelectionConfig(4, 9, 0, Pooling.SCALED_MEAN, 2, 3, -1), 0.5);
    NDArray before = attention.forward(inference(), in).head();
    for (int t = 0; t < LENGTH; t++) {
      NDArray values = in.get(2).duplicate();
      NDArray later = manager.randomNormal(new Shape(2, 2, LENGTH - t, 4));
      NDArray changed = t == 0 ? later : values.get(":, :, :{}", t).concat(later, 2);
      NDArray after =
          attention
              .forward(inference(), new NDList(in.get(0), in.get(1), changed, in.get(3)))
              .head();
      if (t > 0) {
        assertThat(after.get(":, :, :{}", t)).isEqualTo(before.get(":, :, :{}", t));
      }
      assertThat(after.get(":, :, {}:", t)).isNotEqualTo(before.get(":, :, {}:", t));
    }
  }

  @Test
  void aChunkOfEqualKeysScoresAsTheRootOfItsLength() {
    NDArray key = manager.create(new float[] {0.3f, -1, 2, 0.5f}).reshape(1, 1, 1, 4);
    NDArray k = key.broadcast(new Shape(1, 1, 14, 4));
    NDArray q = manager.randomNormal(new Shape(1, 1, 4, 4));
    NDArray borders = manager.create(new long[] {0, 1, 5, 14}, new Shape(1, 4));
    double one = score(Pooling.SCALED_MEAN, q, k, borders, 0);
    assertThat(score(Pooling.SCALED_MEAN, q, k, borders, 3)).isCloseTo(2 * one, offset(1e-4));
    assertThat(score(Pooling.SCALED_MEAN, q, k, borders, 9)).isCloseTo(3 * one, offset(1e-4));
    double mean = score(Pooling.MEAN, q, k, borders, 0);
    assertThat(score(Pooling.MEAN, q, k, borders, 9)).isCloseTo(mean, offset(1e-4));
  }

  @Test
  void scaledMeansChooseLongChunksAsOftenAsShortOnes() {
    assertThat(lengthBias(Pooling.SCALED_MEAN)).isBetween(-0.06, 0.06);
    assertThat(lengthBias(Pooling.MEAN)).isLessThan(-0.1);
  }

  /** The correlation of a chunk's length with being among the best quarter, for random keys. */
  private double lengthBias(Pooling pooling) {
    int batch = 64;
    int[] sizes = {1, 2, 4, 9};
    long[] borders = new long[65];
    for (int c = 0; c < 64; c++) {
      borders[c + 1] = borders[c] + sizes[c % 4];
    }
    NDArray q = manager.randomNormal(new Shape(batch, 1, 4, 8));
    NDArray k = manager.randomNormal(new Shape(batch, 1, 256, 8));
    NDArray all = manager.create(borders).expandDims(0).broadcast(new Shape(batch, 65));
    SelectionConfig config = new SelectionConfig(4, 5, 0, pooling, 0, 0, -1);
    float[] scores = KeySelection.scores(inference(), config, q, k, all).toFloatArray();
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (int row = 0; row < batch; row++) {
      double[] chunks = new double[64];
      for (int c = 0; c < 64; c++) {
        chunks[c] = scores[row * 256 + (int) borders[c]];
      }
      double least = Arrays.stream(chunks).sorted().toArray()[48];
      for (int c = 0; c < 64; c++) {
        double length = sizes[c % 4];
        double best = chunks[c] >= least ? 1 : 0;
        n++;
        x += length;
        y += best;
        xx += length * length;
        yy += best * best;
        xy += length * best;
      }
    }
    return (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y));
  }

  private double score(Pooling pooling, NDArray q, NDArray k, NDArray borders, int token) {
    SelectionConfig config = new SelectionConfig(4, 5, 0, pooling, 0, 0, -1);
    return KeySelection.scores(inference(), config, q, k, borders).getFloat(0, 0, token);
  }

  @Test
  void ofEqualScoresTheEarlierAreChosenBesideTheLatest() {
    SelectionConfig config = new SelectionConfig(4, 5, 0, Pooling.MEAN, 0, 2, -1);
    NDArray equal = manager.zeros(new Shape(1, 3, 12));
    for (Pass pass : new Pass[] {inference(), inference().onPlainPath()}) {
      long[] chosen = KeySelection.chosen(pass, config, equal).toLongArray();
      assertThat(chosen).containsExactly(0, 1, 2, 3, 11, 0, 1, 2, 6, 7, 0, 1, 2, 10, 11);
    }
  }

  @Test
  void boundariesAreApartAboveTheThresholdAndAtTheInstruction() {
    Boundaries boundaries = new Boundaries(0.2, 7, 3, 5);
    for (int seed = 0; seed < 20; seed++) {
      JniUtils.setSeed(seed);
      NDArray scores = manager.randomNormal(new Shape(2, 40));
      NDArray borders = boundaries.choose(inference(), scores);
      for (int row = 0; row < 2; row++) {
        long[] places = Arrays.stream(borders.get(row).toLongArray()).distinct().toArray();
        assertThat(places).startsWith(0).endsWith(40).isSorted().contains(36);
        for (int i = 1; i < places.length - 1; i++) {
          if (places[i] != 36) {
            assertThat(scores.getFloat(row, places[i] - 1)).isGreaterThan(0.2f);
            assertThat(places[i]).isLessThan(36);
          }
          assertThat(i == 1 ? 9 : places[i] - places[i - 1]).isGreaterThan(3);
        }
      }
    }
  }

  @Test
  void withoutAnyScoreAboveTheThresholdThereIsOneChunk() {
    NDArray scores = manager.zeros(new Shape(2, 9));
    NDArray borders = new Boundaries(1, 4, 2, -1).choose(inference(), scores);
    assertThat(Boundaries.trimmed(borders).toLongArray()).containsExactly(0, 9, 0, 9);
  }

  @ParameterizedTest
  @EnumSource(Method.class)
  void whatIsNotLongerThanTheBudgetIsReadDensely(Method method) {
    NDArray hidden = manager.randomNormal(new Shape(2, LENGTH, 8));
    NDArray expected = attention(Method.DENSE, 6).mix(inference(), hidden, Sequences.FULL);
    NDArray whole = attention(method, LENGTH).mix(inference(), hidden, Sequences.FULL);
    assertThat(whole.sub(expected).abs().max().getFloat()).isLessThan(2e-6f);
    if (method != Method.DENSE) {
      NDArray sparse = attention(method, 6).mix(inference(), hidden, Sequences.FULL);
      assertThat(sparse.sub(expected).abs().max().getFloat()).isGreaterThan(1e-3f);
      assertThat(sparse.get(":, :4").sub(expected.get(":, :4")).abs().max().getFloat())
          .as("the first block sees all there is")
          .isLessThan(2e-6f);
    }
  }

  @Test
  void whatFollowsInTheCacheSeesAllKeys() {
    NDArray hidden = manager.randomNormal(new Shape(2, LENGTH, 8));
    DhsaAttention sparse = attention(Method.FIXED, 6);
    DhsaAttention dense = attention(Method.DENSE, 6);
    NDArray expected = dense.mix(inference(), hidden, Sequences.FULL);
    try (DecodeCache cache = new DecodeCache(manager);
        GradientMode ignored = GradientMode.off()) {
      Pass pass = inference().with(cache);
      sparse.mix(pass, hidden.get(":, :{}", LENGTH - 3), Sequences.FULL);
      NDArray rest = sparse.mix(pass, hidden.get(":, {}:", LENGTH - 3), Sequences.FULL);
      assertThat(rest.sub(expected.get(":, {}:", LENGTH - 3)).abs().max().getFloat())
          .isLessThan(2e-6f);
    }
  }

  @Test
  void anInstructionOfAllTokensIsRefused() {
    HierarchicalAttention attention =
        new HierarchicalAttention(new SelectionConfig(4, 5, 0, Pooling.MEAN, 0, 2, LENGTH), 0.5);
    assertThatThrownBy(() -> attention.forward(inference(), heads()))
        .hasMessageContaining("all 23 tokens are the instruction");
  }

  private DhsaAttention attention(Method method, int budget) {
    DhsaAttention attention =
        new DhsaAttention(
            new DhsaConfig(
                8,
                2,
                1,
                new Rotary(Rotary.Layout.HALF, 10_000),
                new SelectionConfig(4, budget, 0, Pooling.SCALED_MEAN, 1, 2, -1),
                method,
                3,
                PredictorConfig.attention(4, 2, 6, 2),
                -9,
                3,
                1,
                Stage.ATTEND,
                1),
            null);
    JniUtils.setSeed(5);
    attention.initialize(manager, DataType.FLOAT32);
    return attention;
  }

  private NDList heads() {
    Shape shape = new Shape(2, 2, LENGTH, 4);
    NDArray borders = manager.create(new long[] {0, 5, 12, LENGTH, 0, 3, 17, LENGTH});
    return new NDList(
        manager.randomNormal(shape),
        manager.randomNormal(shape),
        manager.randomNormal(shape),
        borders.reshape(2, 4));
  }

  private NDArray dense(NDList in, double scale) {
    NDArray logits = in.get(0).matMul(in.get(1).swapAxes(2, 3)).mul(scale);
    NDArray index = manager.arange(LENGTH);
    NDArray later = index.expandDims(0).gt(index.expandDims(1)).toType(DataType.FLOAT32, false);
    return logits.add(later.mul(-1e30)).softmax(3).matMul(in.get(2));
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }
}
