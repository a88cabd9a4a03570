package org.attentionzoo.blocks.papers.sea;

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
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.papers.sea.SeaConfig.Grouping;
import org.attentionzoo.blocks.papers.sea.SeaCore.Estimate;
import org.attentionzoo.blocks.papers.sea.SeaCore.Sight;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeaTest {

  private static final int HEADS = 2;
  private static final int WIDTH = 4;

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

  private SeaCore core(SeaConfig config) {
    SeaCore core = new SeaCore(config);
    core.initialize(manager, DataType.FLOAT32);
    return core;
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private NDArray random(int length) {
    return manager.randomNormal(new Shape(2, HEADS, length, WIDTH));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void withAllKeysAndSaturatedScalesItIsSoftmaxAttention(boolean causal) {
    int length = 13;
    SeaCore core = core(SeaConfig.of(HEADS, WIDTH, causal, length, length, length));
    StateDict.of(core).get("attention_predictor_dec_scaler.0.bias").getArray().addi(40);
    NDArray q = random(length);
    NDArray k = random(length);
    NDArray v = random(length);
    NDArray actual = core.forward(pass(), new NDList(q, k, v)).head();
    double scale = causal ? 1 : 0.5;
    NDArray expected =
        DotProductAttention.attend(pass(), core, q, k, v, null, null, causal, scale, 0);
    assertThat(actual.sub(expected).abs().max().getFloat()).isCloseTo(0, within(2e-5f));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 40, 90})
  void aQueryAttendsToAboutAsManyKeysAsAreWanted(int length) {
    int keys = 3;
    SeaCore core = core(SeaConfig.of(HEADS, WIDTH, true, keys, 16, length));
    NDArray x = random(length);
    Sight sight = core.sight(x, x, x, null);
    Estimate estimate = core.estimate(pass(), x, x, x, sight, null);
    float[] sums = estimate.weights().sum(new int[] {3}).toFloatArray();
    for (float sum : sums) {
      assertThat(sum).isCloseTo(1, within(1e-5f));
    }
    NDArray mask = core.mask(core.selected(pass(), estimate, sight), sight, x);
    float[] counts = mask.sum(new int[] {1, 3}).toFloatArray();
    for (int i = 0; i < counts.length; i++) {
      int seen = i % length + 1;
      // A cell stands for a part of a key at least, and for one key more at most.
      double cells = Math.max(1, Math.rint(HEADS * keys * 16.0 / seen));
      assertThat((double) counts[i])
          .isLessThanOrEqualTo(Math.min(HEADS * seen, cells * Math.ceil(seen / 16.0)))
          .isGreaterThanOrEqualTo(seen <= keys ? HEADS * seen : 0);
    }
  }

  @Test
  void whatComesLaterChangesNoBit() {
    int length = 21;
    SeaCore core = core(SeaConfig.of(HEADS, WIDTH, true, 2, 16, length));
    NDArray x = random(length);
    NDArray y = x.get(":, :, :14").concat(random(7), 2);
    Pass pass = pass();
    float[] first = core.forward(pass, new NDList(x, x, x)).head().get(":, :, :14").toFloatArray();
    float[] second = core.forward(pass, new NDList(y, y, y)).head().get(":, :, :14").toFloatArray();
    assertThat(second).isEqualTo(first);
  }

  @Test
  void whatIsHeardAtThePatternIsWhatActs() {
    SeaCore core = core(SeaConfig.of(HEADS, WIDTH, true, 2, 16, 30));
    NDArray x = random(30);
    NDArray[] heard = new NDArray[2];
    Taps taps =
        Taps.on(core)
            .read(DotProductAttention.PATTERN, p -> heard[0] = p)
            .read(SeaCore.COVERAGE, c -> heard[1] = c);
    core.forward(pass().with(taps), new NDList(x, x, x));
    Sight sight = core.sight(x, x, x, null);
    Estimate estimate = core.estimate(pass(), x, x, x, sight, null);
    NDArray mask = core.mask(core.selected(pass(), estimate, sight), sight, x);
    assertThat(heard[0].gt(0).toType(DataType.FLOAT32, false).sub(mask).abs().sum().getFloat())
        .isZero();
    float[] coverage = heard[1].reshape(3, -1).mean(new int[] {1}).toFloatArray();
    assertThat(coverage[1]).isLessThanOrEqualTo(coverage[0]).isPositive();
    assertThat(coverage[0]).isLessThanOrEqualTo(1.0001f);
    assertThat(coverage[2]).isBetween(0.05f, 0.5f);
  }

  @Test
  void moreTokensThanLearnedPositionsAreRefused() {
    SeaCore core = core(SeaConfig.of(HEADS, WIDTH, true, 2, 16, 8));
    NDArray x = random(9);
    assertThatThrownBy(() -> core.forward(pass(), new NDList(x, x, x)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9 tokens")
        .hasMessageContaining("positions for 8");
  }

  @Test
  void sizesThatCannotBeAreRefused() {
    assertThatThrownBy(() -> new SeaConfig(2, 4, true, 2, 16, 1, Grouping.HEAD, 1, 8, true, false))
        .hasMessageContaining("CAUSAL_BATCH");
    assertThatThrownBy(() -> SeaConfig.of(2, 4, true, 2, 3, 8)).hasMessageContaining("columns");
    assertThatThrownBy(() -> SeaConfig.of(2, 2, true, 2, 8, 8)).hasMessageContaining("headWidth");
  }
}
