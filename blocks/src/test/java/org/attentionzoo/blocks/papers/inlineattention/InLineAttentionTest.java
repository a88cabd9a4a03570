package org.attentionzoo.blocks.papers.inlineattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.concurrent.atomic.AtomicReference;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InLineAttentionTest {

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

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private InLineAttention attention(int side, FeatureKernel kernel, boolean injective) {
    InLineAttention block =
        new InLineAttention(new InLineConfig(12, 3, side, false, true, kernel, injective));
    block.initialize(manager, DataType.FLOAT64);
    StateDict.of(block)
        .values()
        .forEach(
            p ->
                p.getArray()
                    .addi(
                        manager
                            .randomNormal(0, 0.3f, p.getShape(), DataType.FLOAT32)
                            .toType(DataType.FLOAT64, true)));
    return block;
  }

  private NDArray normal(long... shape) {
    return manager.randomNormal(new Shape(shape)).toType(DataType.FLOAT64, true);
  }

  private NDArray mix(InLineAttention block, NDArray x) {
    return block.mix(pass(), x, Sequences.FULL);
  }

  private NDArray pattern(InLineAttention block, NDArray x) {
    AtomicReference<NDArray> seen = new AtomicReference<>();
    Taps taps = Taps.on(block).read("pattern", seen::set);
    block.forward(pass().with(taps), new NDList(x));
    return seen.get();
  }

  private static double distance(NDArray a, NDArray b) {
    assertThat(a.getShape()).isEqualTo(b.getShape());
    return a.sub(b).abs().max().getDouble();
  }

  @ParameterizedTest
  @CsvSource({"IDENTITY, true", "RELU, true", "LEAKYRELU, true", "EXP, true", "EXP, false"})
  void theLinearFormIsTheWeightsTimesTheValues(FeatureKernel kernel, boolean injective) {
    InLineAttention block = attention(3, kernel, injective);
    NDArray x = normal(2, 9, 12);
    AtomicReference<NDArray> seen = new AtomicReference<>();
    Taps taps = Taps.on(block).read("pattern", seen::set);
    NDArray explicit = block.forward(pass().with(taps), new NDList(x)).head();
    assertThat(distance(explicit, mix(block, x))).isLessThan(1e-12);
    NDArray rows = seen.get().sum(new int[] {3});
    assertThat(distance(rows, rows.onesLike())).isLessThan(1e-12);
  }

  /** Queries q and 3 q have one row in linear attention, and two here. */
  @Test
  void scaledQueriesAreToldApart() {
    for (boolean injective : new boolean[] {false, true}) {
      InLineAttention block = attention(0, FeatureKernel.RELU, injective);
      StateDict.of(block).get("qkv.bias").getArray().muli(0);
      NDArray x = normal(1, 6, 12);
      NDArray tripled = x.mul(3);
      // keys come from x alone: its first row stands in both, as itself and tripled
      NDArray one = x.concat(tripled.get(":, :1"), 1);
      NDArray pattern = pattern(block, one);
      NDArray first = pattern.get(":, :, 0");
      NDArray last = pattern.get(":, :, 6");
      double largest = first.sub(last).abs().max().getDouble();
      if (injective) {
        assertThat(largest).isGreaterThan(1e-3);
      } else {
        assertThat(largest).isLessThan(1e-9);
      }
    }
  }

  @Test
  void aConstantAddedToAllKeysChangesNothing() {
    InLineAttention block = attention(0, FeatureKernel.IDENTITY, true);
    NDArray x = normal(2, 7, 12);
    NDArray before = mix(block, x);
    StateDict.of(block).get("qkv.bias").getArray().get("12:24").addi(0.7);
    assertThat(distance(mix(block, x), before)).isLessThan(1e-12);
  }

  @Test
  void onlyTheLocalResidualMindsTheOrderOfTokens() {
    NDArray x = normal(1, 9, 12);
    NDArray turned = x.flip(1);
    InLineAttention global = attention(0, FeatureKernel.IDENTITY, true);
    assertThat(distance(mix(global, turned), mix(global, x).flip(1))).isLessThan(1e-12);
    InLineAttention local = attention(3, FeatureKernel.IDENTITY, true);
    assertThat(distance(mix(local, turned), mix(local, x).flip(1))).isGreaterThan(1e-2);
  }

  @Test
  void refusesTokensThatAreNoGrid() {
    InLineAttention block = attention(3, FeatureKernel.IDENTITY, true);
    assertThatThrownBy(() -> mix(block, normal(1, 8, 12)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected 9");
  }
}
