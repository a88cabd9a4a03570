package org.attentionzoo.blocks.papers.hyperattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.sparse.AngularHash.Visit;
import org.attentionzoo.blocks.sparse.PartialAttention;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HyperAttentionTest {

  private NDManager manager;
  private Pass pass;
  private GradientMode mode;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    pass = Pass.inference(new ParameterStore(manager, false));
    mode = GradientMode.off();
    JniUtils.setSeed(11);
  }

  @AfterEach
  void close() {
    mode.close();
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void upToTheMinimumLengthAttentionIsExact(boolean causal) {
    NDArray x = manager.randomNormal(new Shape(3, 2, 2, 20, 8));
    int minimum = causal ? 20 : 21;
    PartialAttention estimate =
        run(HyperAttentionConfig.official(3, 4, 4, minimum), causal, x.get(0), x.get(1), x.get(2));
    assertClose(estimate, exact(x.get(0), x.get(1), x.get(2), causal), 2e-6);
    PartialAttention shorter =
        run(
            HyperAttentionConfig.official(3, 4, 4, causal ? 9 : 20),
            causal,
            x.get(0),
            x.get(1),
            x.get(2));
    assertThat(error(shorter, exact(x.get(0), x.get(1), x.get(2), causal))).isGreaterThan(1e-2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBlockThatHoldsAllIsExactIfItsFillingIsHidden(boolean causal) {
    NDArray x = manager.randomNormal(new Shape(3, 2, 2, 19, 8));
    PartialAttention expected = exact(x.get(0), x.get(1), x.get(2), causal);
    PartialAttention all = run(masked(4, 32, 5, 2), causal, x.get(0), x.get(1), x.get(2));
    assertThat(error(all, expected)).isLessThan(2e-6);
    // Merging adds 1.2e-7 to a part's share, which was at least a hundredth here.
    assertThat(all.logSumExp().sub(expected.logSumExp()).abs().max().getFloat()).isLessThan(2e-5f);
    assertThat(
            error(
                run(
                    HyperAttentionConfig.official(4, 32, 5, 2),
                    causal,
                    x.get(0),
                    x.get(1),
                    x.get(2)),
                expected))
        .isGreaterThan(1e-2);
  }

  /**
   * 64 clusters of as many queries as keys, whose values belong to the cluster, and logits large
   * enough (8 inside of a cluster) that a query's weight is there. With values that have nothing to
   * do with the keys, or with d^-1/2 for a scale, the official code gains nothing from sorting
   * either.
   */
  @Test
  void blocksByHashFindTheLargeWeights() {
    int length = 2048;
    NDArray centres = unit(manager.randomNormal(new Shape(64, 32)));
    NDArray q = clustered(centres, length);
    NDArray k = clustered(centres, length);
    double scale = 0.5;
    PartialAttention expected = PartialAttention.of(pass, q, k, k, null, false, scale);
    double hashed = error(run(masked(7, 64, 64, 1), q, k, k, scale), expected);
    double unsorted = error(run(masked(0, 64, 64, 1), q, k, k, scale), expected);
    double sampled = error(run(masked(0, 0, 128, 1), q, k, k, scale), expected);
    assertThat(hashed / unsorted).as("beside blocks in a random order").isLessThan(0.5);
    assertThat(hashed / sampled).as("beside samples alone").isLessThan(0.7);

    NDArray x = unit(manager.randomNormal(new Shape(2, 1, 1, length, 32))).mul(4);
    NDArray y = x.get(0);
    NDArray z = x.get(1);
    expected = PartialAttention.of(pass, y, z, z, null, false, scale);
    hashed = error(run(masked(7, 64, 64, 1), y, z, z, scale), expected);
    unsorted = error(run(masked(0, 64, 64, 1), y, z, z, scale), expected);
    assertThat(hashed / unsorted).as("without clusters").isLessThan(1.1);
  }

  private PartialAttention run(
      HyperAttentionConfig config, NDArray q, NDArray k, NDArray v, double scale) {
    return new HyperAttention(config, false)
        .attend(pass, q, k, v, scale, new SeededDraws(config.seed()));
  }

  @Test
  void samplesAloneAreRightInTheMean() {
    NDArray x = manager.randomNormal(new Shape(3, 1, 1, 64, 8));
    PartialAttention expected = exact(x.get(0), x.get(1), x.get(2), false);
    NDArray numerator = null;
    NDArray denominator = null;
    int draws = 2400;
    for (int seed = 0; seed < draws; seed++) {
      HyperAttentionConfig config =
          new HyperAttentionConfig(0, 0, 128, 1, true, Visit.GRAY_CODE, seed);
      PartialAttention one = run(config, false, x.get(0), x.get(1), x.get(2));
      NDArray sum = one.logSumExp().exp();
      NDArray weighed = one.output().mul(sum);
      numerator = numerator == null ? weighed : numerator.add(weighed);
      denominator = denominator == null ? sum : denominator.add(sum);
    }
    NDArray sum = expected.logSumExp().exp();
    assertThat(relative(denominator.div(draws), sum)).isLessThan(0.03);
    assertThat(relative(numerator.div(draws), expected.output().mul(sum))).isLessThan(0.03);
  }

  @Test
  void valuesOfLaterTokensNeverReachAQuery() {
    int length = 45;
    NDArray x = manager.randomNormal(new Shape(3, 1, 2, length, 8));
    HyperAttentionConfig config = HyperAttentionConfig.official(3, 4, 5, 6);
    NDArray expected = run(config, true, x.get(0), x.get(1), x.get(2)).output();
    for (int t = 1; t < length; t++) {
      NDArray tail = manager.randomNormal(new Shape(1, 2, length - t, 8));
      NDArray changed = x.get(2).get(":, :, :{}", t).concat(tail, 2);
      NDArray actual = run(config, true, x.get(0), x.get(1), changed).output();
      assertThat(actual.get(":, :, :{}", t)).isEqualTo(expected.get(":, :, :{}", t));
      assertThat(actual).isNotEqualTo(expected);
    }
  }

  @Test
  void theStateDictIsThatOfPlainAttentionAndSoAreShortPasses() {
    AttentionConfig config = AttentionConfig.causal(16, 2, new Rotary(Rotary.Layout.HALF, 10000));
    HyperSelfAttention hyper =
        new HyperSelfAttention(config, HyperAttentionConfig.official(3, 4, 4, 8));
    MultiHeadAttention plain = new MultiHeadAttention(config);
    hyper.initialize(manager, DataType.FLOAT32);
    plain.initialize(manager, DataType.FLOAT32);
    assertThat(StateDict.of(hyper).keySet()).isEqualTo(StateDict.of(plain).keySet());
    StateDict.of(plain)
        .forEach((name, p) -> p.getArray().copyTo(StateDict.of(hyper).get(name).getArray()));
    NDArray hidden = manager.randomNormal(new Shape(2, 24, 16));
    NDArray start = hidden.get(":, :8");
    assertThat(relative(mixed(hyper, start), mixed(plain, start))).isLessThan(1e-6);
    assertThat(relative(mixed(hyper, hidden), mixed(plain, hidden))).isGreaterThan(1e-3);
  }

  private NDArray mixed(Mixer mixer, NDArray hidden) {
    return mixer.mix(pass, hidden, Sequences.FULL);
  }

  @Test
  void wrongSizesAreRefused() {
    assertThatThrownBy(() -> HyperAttentionConfig.official(3, 0, 0, 4))
        .hasMessageContaining("both 0");
    assertThatThrownBy(() -> HyperAttentionConfig.official(3, 4, 0, 0))
        .hasMessageContaining("minimumLength");
    NDArray q = manager.randomNormal(new Shape(1, 1, 24, 4));
    NDArray k = manager.randomNormal(new Shape(1, 1, 30, 4));
    assertThatThrownBy(() -> run(HyperAttentionConfig.official(3, 8, 4, 2), true, q, k, k))
        .hasMessageContaining("24 queries and 30 keys");
    NDArray three = manager.randomNormal(new Shape(1, 1, 48, 4));
    assertThatThrownBy(
            () -> run(HyperAttentionConfig.official(3, 16, 4, 2), false, q, three, three))
        .hasMessageContaining("24 queries cannot be divided");
  }

  private PartialAttention run(
      HyperAttentionConfig config, boolean causal, NDArray q, NDArray k, NDArray v) {
    NDList both = new HyperAttention(config, causal).forward(pass, new NDList(q, k, v));
    return new PartialAttention(both.get(0), both.get(1));
  }

  private PartialAttention exact(NDArray q, NDArray k, NDArray v, boolean causal) {
    return PartialAttention.of(pass, q, k, v, null, causal, 1 / Math.sqrt(q.getShape().get(3)));
  }

  private static HyperAttentionConfig masked(int projections, int block, int samples, int minimum) {
    return new HyperAttentionConfig(projections, block, samples, minimum, true, Visit.GRAY_CODE, 3);
  }

  /** Around centres of length 4, in a random order. */
  private NDArray clustered(NDArray centres, int length) {
    NDArray which = manager.randomUniform(0, 1, new Shape(length)).argSort().mod(64);
    NDArray noise = manager.randomNormal(new Shape(length, 32)).mul(0.02);
    return unit(centres.get(which).add(noise)).mul(4).reshape(1, 1, length, 32);
  }

  private static NDArray unit(NDArray x) {
    return x.div(x.square().sum(new int[] {-1}, true).sqrt());
  }

  private static double error(PartialAttention actual, PartialAttention expected) {
    return relative(actual.output(), expected.output());
  }

  private static double relative(NDArray actual, NDArray expected) {
    return Math.sqrt(
        actual.sub(expected).square().sum().getFloat() / expected.square().sum().getFloat());
  }

  private static void assertClose(
      PartialAttention actual, PartialAttention expected, double tolerance) {
    assertThat(actual.output().sub(expected.output()).abs().max().getFloat())
        .isLessThan((float) tolerance);
    assertThat(actual.logSumExp().sub(expected.logSumExp()).abs().max().getFloat())
        .isLessThan((float) tolerance);
  }
}
