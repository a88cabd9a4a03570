package org.attentionzoo.blocks.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.attention.PositiveWeights.Function;
import org.attentionzoo.blocks.attention.PositiveWeights.Size;
import org.attentionzoo.blocks.positions.Rotary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The parts of attention against loops over doubles. */
class AttentionPartsTest {

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

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private static double positive(Function function, double x) {
    return switch (function) {
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case RELU -> Math.max(x, 0);
      case RELU_SQUARED -> Math.pow(Math.max(x, 0), 2);
      case SOFTPLUS -> Math.log1p(Math.exp(x));
      case TAYLOR -> 1 + x + x * x / 2;
    };
  }

  private static double[] weights(Function function, Size size, double[] scores) {
    double[] weights = new double[scores.length];
    double sum = 0;
    for (int j = 0; j < scores.length; j++) {
      weights[j] = positive(function, scores[j]);
      sum += weights[j];
    }
    double divisor =
        switch (size) {
          case NONE -> 1;
          case SUM -> sum == 0 ? 1 : sum;
          case COUNT -> scores.length;
        };
    for (int j = 0; j < weights.length; j++) {
      weights[j] /= divisor;
    }
    return weights;
  }

  @ParameterizedTest
  @EnumSource(Function.class)
  void positiveWeightsAreTheFunctionOverItsSize(Function function) {
    int length = 7;
    NDArray scores = manager.randomNormal(new Shape(2, 3, length, length)).mul(3);
    NDArray index = manager.arange(length);
    NDArray allowed = index.reshape(1, length).lte(index.reshape(length, 1));
    for (Size size : Size.values()) {
      NDArray actual = new PositiveWeights(function, size).weights(scores, allowed);
      for (int row = 0; row < length; row++) {
        double[] expected =
            weights(function, size, doubles(scores.get("1, 2, {}, :{}", row, row + 1)));
        near(actual.get("1, 2, {}, :{}", row, row + 1), expected);
        assertThat(doubles(actual.get("1, 2, {}, {}:", row, row + 1)))
            .isEqualTo(new double[length - row - 1]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 3", "3, 3", "15, 3", "2.5, 0"})
  void reweightingSharpensWhatExceedsTheMean(double power, int spared) {
    int length = 9;
    NDArray scores = manager.randomNormal(new Shape(1, 1, length, length)).mul(3);
    NDArray index = manager.arange(length);
    NDArray allowed = index.reshape(1, length).lte(index.reshape(length, 1));
    PositiveWeights first = new PositiveWeights(Function.SOFTPLUS);
    NDArray actual = new Reweighted(first, power, spared).weights(scores, allowed);
    for (int row = 0; row < length; row++) {
      double[] a =
          weights(Function.SOFTPLUS, Size.SUM, doubles(scores.get("0, 0, {}, :{}", row, row + 1)));
      double sum = 0;
      for (int j = 0; j <= row; j++) {
        double offset = row + 1 > spared ? 1 : 0;
        a[j] = Math.pow(Math.max(a[j] * (row + 1) - offset, 0), power);
        sum += a[j];
      }
      for (int j = 0; j <= row; j++) {
        a[j] = sum == 0 ? 0 : a[j] / sum;
      }
      near(actual.get("0, 0, {}, :{}", row, row + 1), a);
    }
  }

  @Test
  void equalScoresLeaveNothingToSharpenBeyondTheSparedRows() {
    NDArray scores = manager.zeros(new Shape(1, 1, 4, 4));
    Reweighted sharp = new Reweighted(new PositiveWeights(Function.SOFTPLUS), 3, 3);
    assertThat(doubles(sharp.weights(scores, null))).containsOnly(0);
    near(
        sharp.weights(manager.zeros(new Shape(1, 1, 1, 3)), null),
        new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0});
  }

  @Test
  void reweightingWithoutMassIsRefused() {
    assertThatThrownBy(() -> new Reweighted(Normalizer.SOFTMAX, 0.5, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("power must be at least 1; got 0.5");
  }

  /** T5's rule, in integers and doubles. */
  private static int bucket(int before, int buckets, int farthest, boolean bidirectional) {
    int side = bidirectional ? buckets / 2 : buckets;
    int base = bidirectional && before < 0 ? side : 0;
    int distance = bidirectional ? Math.abs(before) : Math.max(before, 0);
    int exact = side / 2;
    if (distance < exact) {
      return base + distance;
    }
    double steps =
        Math.log((double) distance / exact) / Math.log((double) farthest / exact) * (side - exact);
    return base + Math.min(exact + (int) (steps + 1e-9), side - 1);
  }

  @ParameterizedTest
  @CsvSource({"32, 128, true", "32, 128, false", "8, 20, true", "6, 9, false", "4, 3, true"})
  void bucketsAreThoseOfT5(int buckets, int farthest, boolean bidirectional) {
    TableBias bias = TableBias.ofBuckets(1, buckets, farthest, bidirectional);
    var table = bias.parameterBlocks().get("relative_attention_bias");
    table.initialize(manager, DataType.FLOAT32);
    Parameter weight = StateDict.of(table).get("weight");
    weight.getArray().set(manager.arange((float) buckets).toFloatArray());
    int length = 150;
    NDArray q = manager.zeros(new Shape(1, 1, length, 2));
    NDArray positions = manager.arange(length).toType(DataType.INT64, false);
    NDArray actual = bias.bias(inference(), q, q, positions, positions, 1);
    assertThat(actual.getShape()).isEqualTo(new Shape(1, 1, length, length));
    float[] values = actual.toFloatArray();
    for (int i = 0; i < length; i++) {
      for (int j = 0; j < length; j++) {
        assertThat((int) values[i * length + j])
            .as("query %s, key %s", i, j)
            .isEqualTo(bucket(i - j, buckets, farthest, bidirectional));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"5, 5, 8, false", "3, 9, 4, false", "1, 4, 2, false", "5, 5, 3, true"})
  void relativePositionsAreTheTermsOfTransformerXl(
      int queries, int keys, int reach, boolean ownPositions) {
    int heads = 2;
    int width = 3;
    NDArray q = manager.randomNormal(new Shape(1, heads, queries, width));
    NDArray k = manager.randomNormal(new Shape(1, heads, keys, width));
    NDArray e = manager.randomNormal(new Shape(2L * reach, heads, width));
    NDArray b = manager.randomNormal(new Shape(2L * reach, heads));
    NDArray u = manager.randomNormal(new Shape(heads, width));
    NDArray keyPositions = manager.arange(keys).toType(DataType.INT64, false);
    NDArray positions = keyPositions.get("{}:", keys - queries);
    NDArray actual =
        RelativePositionBias.bias(
            q,
            k,
            e,
            b,
            u,
            ownPositions ? positions.expandDims(0) : positions,
            ownPositions ? keyPositions.expandDims(0) : keyPositions,
            0.7);
    for (int h = 0; h < heads; h++) {
      double[] bias = doubles(u.get("{}", h));
      for (int i = 0; i < queries; i++) {
        double[] query = doubles(q.get("0, {}, {}", h, i));
        double[] expected = new double[keys];
        for (int j = 0; j < keys; j++) {
          int r = Math.min(Math.max(j - (keys - queries) - i, -reach), reach - 1);
          expected[j] =
              0.7
                  * (dot(query, doubles(e.get("{}, {}", reach + r, h)))
                      + dot(bias, doubles(k.get("0, {}, {}", h, j)))
                      + b.getFloat(reach + r, h));
        }
        near(actual.get("0, {}, {}", h, i), expected);
      }
    }
  }

  @Test
  void factorsOfLinearBiasesAreTheLinearBiases() {
    AttentionConfig config = AttentionConfig.causal(16, 6 - 2, null);
    MultiHeadAttention factored =
        new MultiHeadAttention(config, null, AttentionParts.biased(AlibiFactors.of(4)));
    MultiHeadAttention dense =
        new MultiHeadAttention(new AttentionConfig(16, 4, 4, 4, false, true, 0, null, true, 0));
    factored.initialize(manager, DataType.FLOAT32);
    dense.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> from = StateDict.of(dense);
    StateDict.of(factored)
        .forEach((name, p) -> p.getArray().set(from.get(name).getArray().toFloatArray()));
    NDArray x = manager.randomNormal(new Shape(2, 65, 16));
    near(
        factored.mix(inference(), x, Sequences.FULL),
        doubles(dense.mix(inference(), x, Sequences.FULL)));
  }

  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true"})
  void aLoneKeyHasAllTheWeightAndNeitherItNorAQueryAGradient(boolean masked, boolean causal) {
    NDArray q = manager.randomNormal(new Shape(3, 2, 5, 6));
    NDArray k = manager.randomNormal(new Shape(3, 2, 1, 6));
    NDArray v = manager.randomNormal(new Shape(3, 2, 1, 4));
    NDArray mask = manager.create(new boolean[] {true, false, true}, new Shape(3, 1, 1, 1));
    q.setRequiresGradient(true);
    k.setRequiresGradient(true);
    try (GradientMode ignored = GradientMode.on()) {
      NDArray out = DotProductAttention.fast(q, k, v, masked ? mask : null, null, causal, 0.4);
      NDArray seen = masked ? v.mul(mask.toType(DataType.FLOAT32, false)) : v;
      assertThat(out.sub(seen).abs().max().getFloat()).isZero();
      NDArray sum = out.mul(manager.randomNormal(out.getShape())).sum();
      JniUtils.backward((PtNDArray) sum, (PtNDArray) sum.onesLike(), false, false);
    }
    assertThat(q.getGradient().abs().max().getFloat()).isZero();
    assertThat(k.getGradient().abs().max().getFloat()).isZero();
  }

  @Test
  void rotaryPositionsShiftTogetherInBothLayouts() {
    for (Rotary.Layout layout : Rotary.Layout.values()) {
      Rotary rotary = new Rotary(layout, 100);
      NDArray q = manager.randomNormal(new Shape(1, 2, 4, 6));
      NDArray k = manager.randomNormal(new Shape(1, 2, 4, 6));
      NDArray positions = manager.create(new float[] {0, 3, 4.5f, 11});
      NDArray near =
          rotary
              .rotate(inference(), q, positions)
              .matMul(rotary.rotate(inference(), k, positions).swapAxes(2, 3));
      NDArray later = positions.add(37.25f);
      NDArray far =
          rotary
              .rotate(inference(), q, later)
              .matMul(rotary.rotate(inference(), k, later).swapAxes(2, 3));
      near(far, doubles(near));
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void near(NDArray actual, double[] expected) {
    double[] values = doubles(actual);
    assertThat(values).hasSameSizeAs(expected);
    double scale = 1e-2;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).as("element %s", i).isCloseTo(expected[i], within(1e-5 * scale));
    }
  }

  private static double[] doubles(NDArray array) {
    float[] floats = array.toType(DataType.FLOAT32, false).toFloatArray();
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      doubles[i] = floats[i];
    }
    return doubles;
  }
}
