package org.attentionzoo.blocks.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Normaliser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LinearAttentionTest {

  private static final int HEADS = 2;
  private static final int LENGTH = 9;
  private static final int FEATURES = 3;
  private static final int VALUES = 2;

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

  /** One way to compute, on one kind of sequence. */
  record Case(
      Form form,
      boolean plain,
      Normaliser normaliser,
      boolean decays,
      boolean padded,
      boolean continued) {
    LinearAttention attention() {
      return new LinearAttention(
          new LinearAttentionConfig(
              true, normaliser, 1e-3, decays ? List.of(0.0, 0.7) : List.of(), form, 4));
    }
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Normaliser normaliser : Normaliser.values()) {
      for (int bits = 0; bits < 8; bits++) {
        boolean decays = (bits & 1) > 0;
        boolean padded = (bits & 2) > 0;
        boolean continued = (bits & 4) > 0;
        for (Form form : Form.values()) {
          cases.add(new Case(form, false, normaliser, decays, padded, continued));
        }
        cases.add(new Case(Form.PARALLEL, true, normaliser, decays, padded, continued));
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheRecurrenceInDoublePrecision(Case c) {
    int memoryWidth = VALUES + (c.normaliser() == Normaliser.SUM ? 1 : 0);
    double[] q = uniform(HEADS * LENGTH * FEATURES);
    double[] k = uniform(HEADS * LENGTH * FEATURES);
    double[] v = uniform(HEADS * LENGTH * VALUES);
    double[] past = c.continued() ? uniform(HEADS * FEATURES * memoryWidth) : new double[0];
    boolean[] valid = new boolean[LENGTH];
    for (int t = 0; t < LENGTH; t++) {
      valid[t] = !c.padded() || t != 0 && t != 4 && t != 8;
    }
    double[] all = concat(q, k, v, past);

    NDArray[] leaves = {
      leaf(q, LENGTH, FEATURES), leaf(k, LENGTH, FEATURES), leaf(v, LENGTH, VALUES), null
    };
    if (c.continued()) {
      leaves[3] = leaf(past, FEATURES, memoryWidth);
    }
    NDArray mask = c.padded() ? manager.create(valid, new Shape(1, LENGTH)) : null;
    List<Double> actual = new ArrayList<>();
    try (GradientMode ignored = GradientMode.on()) {
      LinearAttention attention = c.attention();
      LinearAttention.Result result =
          c.plain()
              ? attention.plain(leaves[0], leaves[1], leaves[2], mask, leaves[3])
              : attention.fast(leaves[0], leaves[1], leaves[2], mask, leaves[3]);
      add(actual, result.output());
      add(actual, result.memory());
      NDArray sum = weighted(result.output()).add(weighted(result.memory()));
      BackwardPass.from(sum);
    }
    double[] expected = loop(all, c, valid, memoryWidth);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual.get(i)).as("value %s", i).isCloseTo(expected[i], within(1e-11));
    }
    List<Double> gradients = new ArrayList<>();
    for (NDArray leaf : leaves) {
      if (leaf != null) {
        add(gradients, leaf.getGradient());
      }
    }
    for (int i = 0; i < all.length; i++) {
      double there = all[i];
      all[i] = there + 1e-5;
      double above = weighted(loop(all, c, valid, memoryWidth));
      all[i] = there - 1e-5;
      double below = weighted(loop(all, c, valid, memoryWidth));
      all[i] = there;
      assertThat(gradients.get(i))
          .as("gradient %s", i)
          .isCloseTo((above - below) / 2e-5, within(1e-6));
    }
  }

  /** From equations 18 to 20 of Katharopoulos et al. with a factor for what was there before. */
  private static double[] loop(double[] all, Case c, boolean[] valid, int memoryWidth) {
    int qk = HEADS * LENGTH * FEATURES;
    double[] output = new double[HEADS * LENGTH * VALUES];
    double[] memory = new double[HEADS * FEATURES * memoryWidth];
    if (c.continued()) {
      System.arraycopy(all, 2 * qk + output.length, memory, 0, memory.length);
    }
    for (int h = 0; h < HEADS; h++) {
      double kept = c.decays() && h == 1 ? Math.exp(-0.7) : 1;
      for (int t = 0; t < LENGTH; t++) {
        for (int f = 0; f < FEATURES && valid[t]; f++) {
          double key = all[qk + (h * LENGTH + t) * FEATURES + f];
          for (int e = 0; e < memoryWidth; e++) {
            int at = (h * FEATURES + f) * memoryWidth + e;
            double value = e == VALUES ? 1 : all[2 * qk + (h * LENGTH + t) * VALUES + e];
            memory[at] = kept * memory[at] + key * value;
          }
        }
        double[] sums = new double[memoryWidth];
        for (int f = 0; f < FEATURES; f++) {
          for (int e = 0; e < memoryWidth; e++) {
            sums[e] +=
                all[(h * LENGTH + t) * FEATURES + f] * memory[(h * FEATURES + f) * memoryWidth + e];
          }
        }
        for (int e = 0; e < VALUES; e++) {
          output[(h * LENGTH + t) * VALUES + e] =
              memoryWidth == VALUES ? sums[e] : sums[e] / (sums[VALUES] + 1e-3);
        }
      }
    }
    return concat(output, memory);
  }

  @Test
  void formsAgreeInSinglePrecisionOverFiveChunks() {
    Shape shape = new Shape(2, 4, 257, 16);
    NDArray q = manager.randomNormal(shape);
    NDArray k = manager.randomNormal(shape);
    NDArray v = manager.randomNormal(shape);
    LinearAttentionConfig config =
        LinearAttentionConfig.sum(true).decaying(List.of(0.0, 1e-5, 0.06, 1.0));
    NDArray expected =
        new LinearAttention(config.computed(Form.RECURRENT, 64)).fast(q, k, v, null, null).output();
    float largest = expected.abs().max().getFloat();
    for (Form form : List.of(Form.PARALLEL, Form.CHUNKED)) {
      NDArray actual =
          new LinearAttention(config.computed(form, 64)).fast(q, k, v, null, null).output();
      assertThat(actual.sub(expected).abs().max().getFloat() / largest)
          .as("%s", form)
          .isLessThan(1e-5f);
    }
  }

  @Test
  void whatLiesFarBackVanishesWithoutOverflow() {
    Shape shape = new Shape(1, 1, 3000, 2);
    NDArray ones = manager.ones(shape);
    LinearAttentionConfig config = LinearAttentionConfig.sum(true).decaying(List.of(2.0));
    for (Form form : Form.values()) {
      NDArray last =
          new LinearAttention(config.computed(form, 1000))
              .fast(ones, ones, ones, null, null)
              .output()
              .get("0, 0, -1, 0");
      assertThat(last.getFloat())
          .as("%s", form)
          .isCloseTo((float) (2 / (1 - Math.exp(-2))), within(1e-5f));
    }
  }

  @Test
  void normalisedWeightsSumToOneAndArePositiveForPositiveFeatures() {
    NDArray q = manager.randomUniform(0.1f, 1, new Shape(2, 3, 7, 4));
    NDArray k = manager.randomUniform(0.1f, 1, new Shape(2, 3, 7, 4));
    for (boolean causal : new boolean[] {true, false}) {
      NDArray pattern = new LinearAttention(LinearAttentionConfig.mean(causal)).pattern(q, k, null);
      assertThat(pattern.sum(new int[] {-1}).sub(1).abs().max().getFloat()).isLessThan(1e-5f);
      assertThat(pattern.min().getFloat()).isGreaterThanOrEqualTo(0);
    }
  }

  @Test
  void oneTokenGivesItsValueTimesTheProduct() {
    NDArray q = manager.randomNormal(new Shape(1, 1, 1, 3));
    NDArray k = manager.randomNormal(new Shape(1, 1, 1, 3));
    NDArray v = manager.randomNormal(new Shape(1, 1, 1, 2));
    NDArray y =
        new LinearAttention(LinearAttentionConfig.sum(true)).fast(q, k, v, null, null).output();
    float product = q.mul(k).sum().getFloat();
    assertThat(y.toFloatArray()[1]).isCloseTo(product * v.toFloatArray()[1], within(1e-6f));
  }

  @Test
  void decayInBothDirectionsIsRefused() {
    assertThatThrownBy(() -> LinearAttentionConfig.sum(false).decaying(List.of(0.1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("causal");
  }

  private NDArray leaf(double[] values, int rows, int columns) {
    NDArray leaf = manager.create(values, new Shape(1, HEADS, rows, columns));
    leaf.setRequiresGradient(true);
    return leaf;
  }

  private static double[] uniform(int count) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = 0.2 + Math.abs(Math.sin(12.9898 * (i + count)));
    }
    return values;
  }

  private static void add(List<Double> values, NDArray array) {
    for (double value : array.toType(DataType.FLOAT64, false).toDoubleArray()) {
      values.add(value);
    }
  }

  private NDArray weighted(NDArray x) {
    NDArray index = manager.arange(0f, x.size(), 1f, DataType.FLOAT64).reshape(x.getShape());
    return x.mul(index.add(1).sin()).sum();
  }

  /** Outputs and memory have weights of their own, as above. */
  private static double weighted(double[] both) {
    int outputs = HEADS * LENGTH * VALUES;
    double sum = 0;
    for (int i = 0; i < both.length; i++) {
      sum += both[i] * Math.sin(i < outputs ? i + 1 : i - outputs + 1);
    }
    return sum;
  }

  private static double[] concat(double[]... parts) {
    return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
  }
}
