package org.attentionzoo.blocks.papers.moh;

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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MixtureOfHeadAttentionTest {

  private static final int WIDTH = 6;

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

  private <B extends MixerBlock> B initialized(B block) {
    block.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.off()) {
      StateDict.of(block)
          .values()
          .forEach(
              p ->
                  p.getArray().addi(manager.randomNormal(0, 0.3f, p.getShape(), DataType.FLOAT32)));
    }
    return block;
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  @ParameterizedTest
  @CsvSource({
    // heads, headWidth, shared, routed, bias, norm, batch, length
    "4, 3, 0, 1, false, false, 2, 5",
    "4, 3, 0, 3, true, true, 2, 5",
    "3, 2, 0, 3, true, false, 1, 3",
    "4, 2, 1, 1, false, true, 2, 3",
    "4, 2, 1, 2, true, false, 2, 5",
    "3, 2, 1, 2, false, false, 1, 7",
    "5, 2, 2, 1, true, true, 3, 1",
    "5, 2, 2, 3, false, false, 2, 3",
    "6, 1, 3, 2, true, false, 2, 4",
    "4, 2, 4, 0, true, false, 2, 3",
    "2, 5, 2, 0, false, true, 1, 5",
    "1, 4, 0, 1, true, false, 2, 3",
    "2, 3, 1, 1, true, true, 1, 1",
  })
  void agreesWithTheEquationsInDoublePrecisionGradientsIncluded(
      int heads,
      int headWidth,
      int shared,
      int routed,
      boolean bias,
      boolean norm,
      int batch,
      int length) {
    MohConfig config = new MohConfig(WIDTH, heads, headWidth, bias, norm, shared, routed, 1);
    MixtureOfHeadAttention block = initialized(new MixtureOfHeadAttention(config));
    check(block, new LoopMixtureOfHeads(config, false, 0, 0, block), batch, length);
  }

  @ParameterizedTest
  @CsvSource({
    // heads, headWidth, shared, routed, bias, grid height, grid width
    "4, 3, 0, 2, false, 0, 5",
    "4, 2, 1, 2, true, 0, 3",
    "4, 2, 2, 1, true, 2, 3",
    "2, 3, 2, 0, true, 1, 4",
    "3, 2, 1, 2, false, 3, 1",
  })
  void theCosineFormAgreesWithTheEquationsInDoublePrecision(
      int heads, int headWidth, int shared, int routed, boolean bias, int rows, int columns) {
    MohConfig config = new MohConfig(WIDTH, heads, headWidth, bias, false, shared, routed, 1);
    CosineMixtureOfHeadAttention block =
        initialized(
            rows == 0
                ? CosineMixtureOfHeadAttention.of(config)
                : CosineMixtureOfHeadAttention.onGrid(config, rows, columns));
    int length = Math.max(rows, 1) * columns;
    check(block, new LoopMixtureOfHeads(config, true, rows, columns, block), 2, length);
  }

  /** Output, balance loss, and the gradients of both to the input and to every parameter. */
  private void check(MixerBlock block, LoopMixtureOfHeads loops, int batch, int length) {
    NDArray x = manager.randomNormal(new Shape(batch, length, WIDTH));
    NDArray cotangent = manager.randomNormal(new Shape(batch, length, WIDTH));
    double[] input = doubles(x);
    double[] direction = doubles(cotangent);
    LoopMixtureOfHeads.Result expected = loops.run(input, batch, length);
    double[] ofInput = loops.slopes(input, input, batch, length, direction);
    Map<String, double[]> slopes = new LinkedHashMap<>();
    loops.weights.forEach(
        (name, values) -> slopes.put(name, loops.slopes(values, input, batch, length, direction)));
    for (boolean plain : new boolean[] {false, true}) {
      x.setRequiresGradient(true);
      Pass pass = Pass.training(new ParameterStore(manager, false));
      pass = plain ? pass.onPlainPath() : pass;
      try (GradientMode ignored = GradientMode.on()) {
        NDArray output = block.mix(pass, x, Sequences.FULL);
        close(doubles(output), expected.output(), "output");
        NDArray loss = output.mul(cotangent).sum();
        NDArray balance = pass.auxiliaryLosses().get("moh.balance");
        assertThat(balance == null).isEqualTo(expected.balance() == 0);
        if (balance != null) {
          close(doubles(balance), new double[] {expected.balance()}, "balance");
          loss = loss.add(balance);
        }
        BackwardPass.from(loss);
      }
      close(doubles(x.getGradient()), ofInput, "gradient of the input");
      StateDict.of(block)
          .forEach(
              (name, parameter) -> {
                NDArray gradient = parameter.getArray().getGradient();
                double[] actual =
                    gradient == null
                        ? new double[(int) parameter.getShape().size()]
                        : doubles(gradient);
                close(actual, slopes.get(name), "gradient of " + name);
                if (gradient != null) {
                  gradient.muli(0);
                }
              });
      x.getGradient().muli(0);
    }
  }

  private static double[] doubles(NDArray x) {
    return x.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  private static void close(double[] actual, double[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    // Some gradients are zero by analysis, of a bias on keys for one: of these rounding is left.
    double largest = 0.1;
    for (double v : expected) {
      largest = Double.isNaN(v) ? largest : Math.max(largest, Math.abs(v));
    }
    for (int i = 0; i < actual.length; i++) {
      if (Double.isNaN(expected[i])) {
        continue;
      }
      assertThat(actual[i]).as(what + " " + i).isCloseTo(expected[i], within(2e-5 * largest));
    }
  }

  @Test
  void gatesOfATokenSumToWhatTheGroupsGetTimesTheirHeads() {
    MohConfig config = new MohConfig(WIDTH, 6, 1, true, false, 2, 3, 1);
    MixtureOfHeadAttention block = initialized(new MixtureOfHeadAttention(config));
    NDArray x = manager.randomNormal(new Shape(2, 5, WIDTH));
    List<NDArray> gates = new ArrayList<>();
    Taps taps = Taps.on(block).read("gates", gates::add);
    block.mix(inference().with(taps), x, Sequences.FULL);
    NDArray wg0 = StateDict.of(block).get("wg_0.weight").getArray();
    NDArray groups = x.matMul(wg0.transpose()).softmax(-1);
    double[] w = doubles(groups);
    double[] g = doubles(gates.get(0));
    for (int token = 0; token < 10; token++) {
      double shared = g[token * 6] + g[token * 6 + 1];
      double routed = 0;
      int active = 0;
      for (int e = 2; e < 6; e++) {
        routed += g[token * 6 + e];
        active += g[token * 6 + e] > 0 ? 1 : 0;
      }
      assertThat(shared).isCloseTo(2 * 2 * w[token * 2], within(1e-5));
      assertThat(routed).isCloseTo(3 * 2 * w[token * 2 + 1], within(1e-5));
      assertThat(active).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 4", "1, 3", "2, 2", "3, 1", "4, 0"})
  void withoutPreferencesAndWithEveryHeadActiveItIsPlainAttentionBitForBit(int shared, int routed) {
    MohConfig config = new MohConfig(8, 4, true, false, shared, routed, 1);
    MixtureOfHeadAttention block = initialized(new MixtureOfHeadAttention(config));
    MixtureOfHeadAttention plain = initialized(MixtureOfHeadAttention.withoutRouter(config));
    StateDict.of(block)
        .forEach(
            (name, p) -> {
              if (name.startsWith("wg")) {
                p.getArray().muli(0);
              } else {
                p.getArray().copyTo(StateDict.of(plain).get(name).getArray());
              }
            });
    NDArray x = manager.randomNormal(new Shape(2, 5, 8));
    assertThat(block.mix(inference(), x, Sequences.FULL).toFloatArray())
        .isEqualTo(plain.mix(inference(), x, Sequences.FULL).toFloatArray());
  }

  @Test
  void withUniformRoutingTheBalanceLossIsTheNumberOfRoutedHeads() {
    MohConfig config = new MohConfig(WIDTH, 5, 2, true, false, 1, 3, 1);
    MixtureOfHeadAttention block = initialized(new MixtureOfHeadAttention(config));
    StateDict.of(block).get("wg.weight").getArray().muli(0);
    Pass pass = Pass.training(new ParameterStore(manager, false));
    block.mix(pass, manager.randomNormal(new Shape(2, 3, WIDTH)), Sequences.FULL);
    assertThat(pass.auxiliaryLosses().get("moh.balance").getFloat()).isCloseTo(3, within(1e-6f));
  }

  @Test
  void paddingHasNoPartInTheBalanceLoss() {
    MohConfig config = new MohConfig(WIDTH, 5, 2, true, false, 1, 2, 1);
    MixtureOfHeadAttention block = initialized(new MixtureOfHeadAttention(config));
    NDArray x = manager.randomNormal(new Shape(1, 5, WIDTH));
    NDArray valid = manager.create(new boolean[] {true, true, true, false, false}, new Shape(1, 5));
    Pass padded = Pass.training(new ParameterStore(manager, false));
    block.mix(padded, x, Sequences.padded(valid));
    Pass alone = Pass.training(new ParameterStore(manager, false));
    block.mix(alone, x.get(":, :3"), Sequences.FULL);
    assertThat(padded.auxiliaryLosses().get("moh.balance").getFloat())
        .isCloseTo(alone.auxiliaryLosses().get("moh.balance").getFloat(), within(1e-6f));
    Pass empty = Pass.training(new ParameterStore(manager, false));
    NDArray output = block.mix(empty, x, Sequences.padded(valid.logicalAnd(valid.logicalNot())));
    assertThat(output.isNaN().any().getBoolean()).isFalse();
    assertThat(empty.auxiliaryLosses().get("moh.balance").getFloat()).isZero();
  }

  @Test
  void hasTheOfficialNames() {
    assertThat(names(new MohConfig(8, 4, true, true, 2, 1, 1)))
        .containsExactlyInAnyOrder(
            "qkv.weight",
            "qkv.bias",
            "q_norm.weight",
            "q_norm.bias",
            "k_norm.weight",
            "k_norm.bias",
            "proj.weight",
            "proj.bias",
            "wg.weight",
            "wg_0.weight",
            "wg_1.weight");
    assertThat(names(new MohConfig(8, 4, false, false, 1, 1, 1)))
        .containsExactlyInAnyOrder(
            "qkv.weight", "proj.weight", "proj.bias", "wg.weight", "wg_0.weight");
    assertThat(names(new MohConfig(8, 4, false, false, 0, 1, 1)))
        .containsExactlyInAnyOrder("qkv.weight", "proj.weight", "proj.bias", "wg.weight");
    assertThat(names(new MohConfig(8, 4, false, false, 4, 0, 1)))
        .containsExactlyInAnyOrder("qkv.weight", "proj.weight", "proj.bias", "wg_1.weight");
  }

  private static TreeSet<String> names(MohConfig config) {
    return new TreeSet<>(StateDict.of(new MixtureOfHeadAttention(config)).keySet());
  }

  @Test
  void tellsHowOftenItsHeadsAct() {
    Map<String, Double> figures =
        HeadLoad.at("gates", 1)
            .report()
            .apply(doubles(measured(new float[] {1, 2, 0, 0, 1, 0, 3, 0, 1, 2, 0, 0, 1, 1, 0, 0})));
    assertThat(figures.get("active_heads")).isCloseTo(0.5, within(1e-6));
    assertThat(figures.get("head_load.1")).isCloseTo(0.75, within(1e-6));
    assertThat(figures.get("head_load.3")).isZero();
    double entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)) / Math.log(3);
    assertThat(figures.get("routed_entropy")).isCloseTo(entropy, within(1e-6));
  }

  private NDArray measured(float[] gates) {
    return HeadLoad.at("gates", 1)
        .reduce()
        .apply(new NDList(manager.create(gates, new Shape(1, 4, 4))).head());
  }

  @Test
  void refusesHeadsThatDoNotFit() {
    assertThatThrownBy(() -> new MohConfig(8, 4, true, false, 2, 3, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 + 3 of 4");
    assertThatThrownBy(() -> new MohConfig(8, 4, true, false, 2, 0, 1))
        .hasMessageContaining("all heads are shared");
    assertThatThrownBy(() -> new MohConfig(9, 4, true, false, 2, 1, 1))
        .hasMessageContaining("multiple of heads");
    CosineMixtureOfHeadAttention grid =
        initialized(
            CosineMixtureOfHeadAttention.onGrid(new MohConfig(8, 4, true, false, 2, 1, 1), 2, 2));
    assertThatThrownBy(
            () -> grid.mix(inference(), manager.ones(new Shape(1, 5, 8)), Sequences.FULL))
        .hasMessageContaining("5 tokens; expected 2 times 2");
  }
}
