package org.attentionzoo.training.optimize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.initializer.ConstantInitializer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NativeOptimizerTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** One weight's update in double precision, as the papers have it; keeps what it needs. */
  private interface Reference {
    double updated(
        double weight, double gradient, double rate, double decay, double[] kept, int step);
  }

  static Stream<Arguments> rules() {
    Reference adamw =
        (w, g, rate, decay, m, t) -> {
          m[0] = 0.9 * m[0] + (1 - 0.9) * g;
          m[1] = 0.99 * m[1] + (1 - 0.99) * g * g;
          double corrected = m[0] / (1 - Math.pow(0.9, t));
          double root = Math.sqrt(m[1] / (1 - Math.pow(0.99, t)));
          return w - rate * decay * w - rate * corrected / (root + 1e-6);
        };
    Reference adam = (w, g, rate, decay, m, t) -> adamw.updated(w, g + decay * w, rate, 0, m, t);
    Reference sgd =
        (w, g, rate, decay, m, t) -> {
          double slope = g + decay * w;
          m[0] = t == 1 ? slope : 0.8 * m[0] + slope;
          return w - rate * m[0];
        };
    Reference nesterov =
        (w, g, rate, decay, m, t) -> {
          double slope = g + decay * w;
          m[0] = t == 1 ? slope : 0.8 * m[0] + slope;
          return w - rate * (slope + 0.8 * m[0]);
        };
    Reference plain = (w, g, rate, decay, m, t) -> w - rate * (g + decay * w);
    Reference lion =
        (w, g, rate, decay, m, t) -> {
          double direction = Math.signum(0.9 * m[0] + (1 - 0.9) * g);
          m[0] = 0.97 * m[0] + (1 - 0.97) * g;
          return w * (1 - rate * decay) - rate * direction;
        };
    return Stream.of(
        Arguments.of(new UpdateRule.AdamW(0.9, 0.99, 1e-6), adamw),
        Arguments.of(new UpdateRule.Adam(0.9, 0.99, 1e-6), adam),
        Arguments.of(new UpdateRule.Sgd(0.8, false), sgd),
        Arguments.of(new UpdateRule.Sgd(0.8, true), nesterov),
        Arguments.of(new UpdateRule.Sgd(0, false), plain),
        Arguments.of(new UpdateRule.Lion(0.9, 0.97), lion));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void equalsThePublishedRuleInDoubleOverAHundredSteps(UpdateRule rule, Reference reference) {
    int size = 7;
    Random random = new Random(5);
    Parameter a = parameter("a", random, size);
    Parameter b = parameter("b", random, size);
    double[][] expected = {doubles(a), doubles(b)};
    double[][][] kept = new double[2][size][2];
    double[] decay = {0.1, 0};
    double[] factor = {1, 0.25};
    double clip = 1.5;
    double scale = 0.5;
    int clipped = 0;
    try (NativeOptimizer optimizer =
        new NativeOptimizer(
            List.of(
                new ParameterGroup(Map.of("a", a), factor[0], decay[0]),
                new ParameterGroup(Map.of("b", b), factor[1], decay[1])),
            rule)) {
      for (int step = 1; step <= 100; step++) {
        float[][] gradients = {gaussian(random, size), gaussian(random, size)};
        double learningRate = 0.01 / step;
        double squares = 0;
        for (float[] gradient : gradients) {
          for (float g : gradient) {
            squares += scale * g * scale * g;
          }
        }
        double norm = Math.sqrt(squares);
        double coefficient = Math.min(1, clip / (norm + 1e-6));
        clipped += coefficient < 1 ? 1 : 0;
        for (int p = 0; p < 2; p++) {
          for (int i = 0; i < size; i++) {
            double g = gradients[p][i] * scale * coefficient;
            expected[p][i] =
                reference.updated(
                    expected[p][i], g, learningRate * factor[p], decay[p], kept[p][i], step);
          }
        }
        backward(a, gradients[0]);
        backward(b, gradients[1]);
        try (NDManager scope = manager.newSubManager()) {
          float measured = optimizer.step(scope, learningRate, scale, clip).getFloat();
          assertThat((double) measured).isCloseTo(norm, within(1e-5 * norm));
        }
      }
    }
    assertThat(clipped).isBetween(1, 99);
    for (int i = 0; i < size; i++) {
      assertThat(doubles(a)[i]).isCloseTo(expected[0][i], within(2e-6));
      assertThat(doubles(b)[i]).isCloseTo(expected[1][i], within(2e-6));
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void everyRuleChangesNothingOnBrokenGradientsAndResumesBitForBit(
      UpdateRule rule, Reference ignored) {
    Parameter a = parameter("a", new Random(1), 5);
    Parameter b = parameter("a", new Random(1), 5);
    Random random = new Random(3);
    try (NativeOptimizer straight = over(Map.of("a", a), rule);
        NativeOptimizer before = over(Map.of("a", b), rule);
        NativeOptimizer after = over(Map.of("a", b), rule)) {
      for (int i = 0; i < 8; i++) {
        float[] gradient = gaussian(random, 5);
        backward(a, gradient);
        step(straight);
        backward(b, gradient);
        step(i < 4 ? before : after);
        if (i == 3) {
          backward(b, new float[] {1, Float.NaN, 3, 4, 5});
          step(before);
          after.restore(before.state());
        }
      }
    }
    assertThat(doubles(a)).isEqualTo(doubles(b));
  }

  @Test
  void setsGradientsToZeroAndLeavesNoHandles() {
    Parameter a = parameter("a", new Random(1), 3);
    try (NativeOptimizer optimizer = over(Map.of("a", a))) {
      backward(a, new float[] {1, 2, 3});
      step(optimizer);
      int arrays = manager.getManagedArrays().size();
      for (int i = 0; i < 5; i++) {
        backward(a, new float[] {1, 2, 3});
        step(optimizer);
      }
      assertThat(manager.getManagedArrays()).hasSize(arrays);
      try (NDArray gradient = JniUtils.getGradient((PtNDArray) a.getArray())) {
        assertThat(gradient.toFloatArray()).containsOnly(0f);
      }
    }
  }

  @Test
  void leavesAParameterWithoutGradientAlone() {
    Parameter a = parameter("a", new Random(1), 3);
    Parameter b = parameter("b", new Random(2), 3);
    double[] before = doubles(b);
    try (NativeOptimizer optimizer = over(Map.of("a", a, "b", b))) {
      backward(a, new float[] {1, 2, 3});
      step(optimizer);
      assertThat(doubles(b)).isEqualTo(before);
      assertThat(optimizer.state()).containsOnlyKeys("a.exp_avg", "a.exp_avg_sq", "a.step");
      backward(b, new float[] {1, 2, 3});
      step(optimizer);
      assertThat(doubles(b)).isNotEqualTo(before);
    }
  }

  @Test
  void aGradientThatComesAfterARestoredStateCounts() {
    Parameter a = parameter("a", new Random(1), 3);
    Parameter b = parameter("b", new Random(2), 3);
    Parameter a2 = parameter("a", new Random(1), 3);
    Parameter b2 = parameter("b", new Random(2), 3);
    float[] gradient = {1, 2, 3};
    try (NativeOptimizer straight = over(Map.of("a", a, "b", b));
        NativeOptimizer resumed = over(Map.of("a", a2, "b", b2))) {
      backward(a, gradient);
      backward(b, gradient);
      step(straight);
      a2.getArray().set(a.getArray().toFloatArray());
      b2.getArray().set(b.getArray().toFloatArray());
      resumed.restore(straight.state());
      for (int i = 0; i < 4; i++) {
        backward(a, gradient);
        backward(a2, gradient);
        if (i > 1) {
          backward(b, gradient);
          backward(b2, gradient);
        }
        step(straight);
        step(resumed);
      }
    }
    assertThat(doubles(a2)).isEqualTo(doubles(a));
    assertThat(doubles(b2)).isEqualTo(doubles(b));
  }

  @Test
  void noticesAWeightThatWasMoved() {
    Parameter a = parameter("a", new Random(1), 3);
    try (NativeOptimizer optimizer = over(Map.of("a", a))) {
      backward(a, new float[] {1, 2, 3});
      step(optimizer);
      a.getArray().set(new float[] {5, 6, 7});
      backward(a, new float[] {1, 2, 3});
      step(optimizer);
      assertThat(doubles(a)[0]).isBetween(4.9, 5.0).isNotEqualTo(5);
    }
  }

  @Test
  void refusesAStepWithoutAnyGradient() {
    try (NativeOptimizer optimizer = over(Map.of("a", parameter("a", new Random(1), 3)))) {
      assertThatThrownBy(() -> step(optimizer)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void changesNothingOnGradientsThatAreNotFinite() {
    Parameter a = parameter("a", new Random(1), 3);
    try (NativeOptimizer optimizer = over(Map.of("a", a))) {
      backward(a, new float[] {1, 2, 3});
      step(optimizer);
      double[] weights = doubles(a);
      Map<String, float[]> state = floats(optimizer.state());
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
        backward(a, new float[] {1, bad, 3});
        assertThat(step(optimizer)).satisfies(norm -> assertThat(Float.isFinite(norm)).isFalse());
        assertThat(doubles(a)).isEqualTo(weights);
        assertThat(floats(optimizer.state()))
            .allSatisfy((name, values) -> assertThat(values).isEqualTo(state.get(name)));
      }
    }
  }

  @Test
  void refusesAStateOfOtherParameters() {
    Parameter a = parameter("a", new Random(1), 3);
    Parameter b = parameter("b", new Random(1), 3);
    Parameter wide = parameter("a", new Random(1), 4);
    try (NativeOptimizer one = over(Map.of("a", a));
        NativeOptimizer other = over(Map.of("b", b));
        NativeOptimizer wider = over(Map.of("a", wide))) {
      backward(a, new float[] {1, 2, 3});
      step(one);
      assertThatThrownBy(() -> other.restore(one.state())).hasMessageContaining("a.exp_avg");
      assertThatThrownBy(() -> wider.restore(one.state())).hasMessageContaining("shape");
    }
  }

  @Test
  void decaysMatricesOnlyAndCountsTiedParametersOnce() {
    Tied model = new Tied();
    model.initialize(manager, DataType.FLOAT32);
    List<ParameterGroup> groups = ParameterGroup.of(model, 0.1, List.of());
    assertThat(groups).hasSize(2);
    assertThat(groups.get(0).parameters()).containsOnlyKeys("weight");
    assertThat(groups.get(0).weightDecay()).isEqualTo(0.1);
    assertThat(groups.get(1).parameters())
        .containsOnlyKeys("bias", "norm", "gamma", "pos_bias_table");
    assertThat(groups.get(1).weightDecay()).isZero();
  }

  @Test
  void groupsOfTheConfigHaveRatesOfTheirOwn() {
    Tied model = new Tied();
    model.initialize(manager, DataType.FLOAT32);
    List<OptimizerConfig.Group> rules =
        List.of(
            new OptimizerConfig.Group("no*m", 0.5, Optional.of(0.3)),
            new OptimizerConfig.Group("w*", 0.25, Optional.empty()),
            new OptimizerConfig.Group("*i*", 2, Optional.empty()));
    List<ParameterGroup> groups = ParameterGroup.of(model, 0.1, rules);
    assertThat(
            groups.stream()
                .map(
                    g ->
                        g.parameters().keySet()
                            + " "
                            + g.learningRateFactor()
                            + " "
                            + g.weightDecay()))
        .containsExactlyInAnyOrder(
            "[weight] 0.25 0.1",
            "[bias, pos_bias_table] 2.0 0.0",
            "[norm] 0.5 0.3",
            "[gamma] 1.0 0.0");
    assertThatThrownBy(
            () ->
                ParameterGroup.of(
                    model, 0.1, List.of(new OptimizerConfig.Group("wieght", 1, Optional.empty()))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("did you mean 'weight'");
    List<OptimizerConfig.Group> frozen =
        List.of(new OptimizerConfig.Group("*", 0, Optional.empty()));
    assertThatThrownBy(() -> ParameterGroup.of(model, 0.1, frozen))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("nothing would be trained");
  }

  private static final class Tied extends ZooBlock {
    Tied() {
      Parameter weight = parameter("weight", new ConstantInitializer(1), 2, 2);
      parameter("bias", new ConstantInitializer(0), 2, 2);
      parameter("norm", new ConstantInitializer(1), 2);
      parameter("gamma", new ConstantInitializer(1), 2, 2);
      parameter("pos_bias_table", new ConstantInitializer(0), 2, 2);
      buffer("mask", new ConstantInitializer(1), 2, 2);
      tie("head", weight);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return inputs;
    }
  }

  private static NativeOptimizer over(Map<String, Parameter> parameters) {
    return over(parameters, new UpdateRule.AdamW(0.9, 0.999, 1e-8));
  }

  private static NativeOptimizer over(Map<String, Parameter> parameters, UpdateRule rule) {
    return new NativeOptimizer(List.of(new ParameterGroup(parameters, 1, 0.1)), rule);
  }

  private float step(NativeOptimizer optimizer) {
    try (NDManager scope = manager.newSubManager()) {
      return optimizer.step(scope, 0.01, 1, 0).getFloat();
    }
  }

  private Parameter parameter(String name, Random random, int size) {
    Parameter parameter =
        Parameter.builder()
            .setName(name)
            .setType(Parameter.Type.WEIGHT)
            .optShape(new Shape(size))
            .optArray(manager.create(gaussian(random, size)))
            .build();
    parameter.getArray().setRequiresGradient(true);
    return parameter;
  }

  /** Leaves exactly this gradient on the parameter, by way of a linear function. */
  private void backward(Parameter parameter, float[] gradient) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray loss = scope.create(gradient).mul(parameter.getArray()).sum();
      BackwardPass.from(loss, scope.create(1f));
    }
  }

  private static float[] gaussian(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double[] doubles(Parameter parameter) {
    float[] values = parameter.getArray().toFloatArray();
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i];
    }
    return result;
  }

  private static Map<String, float[]> floats(Map<String, NDArray> state) {
    Map<String, float[]> copy = new LinkedHashMap<>();
    state.forEach((name, value) -> copy.put(name, value.toFloatArray()));
    return copy;
  }
}
