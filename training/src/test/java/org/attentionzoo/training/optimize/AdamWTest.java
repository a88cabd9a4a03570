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
import java.util.Random;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AdamWTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsThePublishedRuleInDoubleOverAHundredSteps() {
    int size = 7;
    Random random = new Random(5);
    Parameter a = parameter("a", random, size);
    Parameter b = parameter("b", random, size);
    double[][] expected = {doubles(a), doubles(b)};
    double[][] first = new double[2][size];
    double[][] second = new double[2][size];
    double[] decay = {0.1, 0};
    double[] factor = {1, 0.25};
    double beta1 = 0.9;
    double beta2 = 0.99;
    double epsilon = 1e-6;
    double clip = 1.5;
    double scale = 0.5;
    int clipped = 0;
    try (AdamW optimizer =
        new AdamW(
            List.of(
                new ParameterGroup(Map.of("a", a), factor[0], decay[0]),
                new ParameterGroup(Map.of("b", b), factor[1], decay[1])),
            beta1,
            beta2,
            epsilon)) {
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
          double rate = learningRate * factor[p];
          for (int i = 0; i < size; i++) {
            double g = gradients[p][i] * scale * coefficient;
            first[p][i] = beta1 * first[p][i] + (1 - beta1) * g;
            second[p][i] = beta2 * second[p][i] + (1 - beta2) * g * g;
            double corrected = first[p][i] / (1 - Math.pow(beta1, step));
            double root = Math.sqrt(second[p][i] / (1 - Math.pow(beta2, step)));
            expected[p][i] -= rate * decay[p] * expected[p][i];
            expected[p][i] -= rate * corrected / (root + epsilon);
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

  @Test
  void setsGradientsToZeroAndLeavesNoHandles() {
    Parameter a = parameter("a", new Random(1), 3);
    try (AdamW optimizer = over(Map.of("a", a))) {
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
    try (AdamW optimizer = over(Map.of("a", a, "b", b))) {
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
  void refusesAStepWithoutAnyGradient() {
    try (AdamW optimizer = over(Map.of("a", parameter("a", new Random(1), 3)))) {
      assertThatThrownBy(() -> step(optimizer)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void changesNothingOnGradientsThatAreNotFinite() {
    Parameter a = parameter("a", new Random(1), 3);
    try (AdamW optimizer = over(Map.of("a", a))) {
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
  void goesOnFromARestoredStateBitForBit() {
    Parameter a = parameter("a", new Random(1), 5);
    Parameter b = parameter("a", new Random(1), 5);
    Random random = new Random(3);
    try (AdamW straight = over(Map.of("a", a));
        AdamW before = over(Map.of("a", b));
        AdamW after = over(Map.of("a", b))) {
      for (int i = 0; i < 8; i++) {
        float[] gradient = gaussian(random, 5);
        backward(a, gradient);
        step(straight);
        backward(b, gradient);
        step(i < 4 ? before : after);
        if (i == 3) {
          after.restore(before.state());
        }
      }
    }
    assertThat(doubles(a)).isEqualTo(doubles(b));
  }

  @Test
  void refusesAStateOfOtherParameters() {
    Parameter a = parameter("a", new Random(1), 3);
    Parameter b = parameter("b", new Random(1), 3);
    Parameter wide = parameter("a", new Random(1), 4);
    try (AdamW one = over(Map.of("a", a));
        AdamW other = over(Map.of("b", b));
        AdamW wider = over(Map.of("a", wide))) {
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
    List<ParameterGroup> groups = ParameterGroup.byDecay(model, 0.1);
    assertThat(groups).hasSize(2);
    assertThat(groups.get(0).parameters()).containsOnlyKeys("weight");
    assertThat(groups.get(0).weightDecay()).isEqualTo(0.1);
    assertThat(groups.get(1).parameters()).containsOnlyKeys("bias", "norm", "gamma");
    assertThat(groups.get(1).weightDecay()).isZero();
  }

  private static final class Tied extends ZooBlock {
    Tied() {
      Parameter weight = parameter("weight", new ConstantInitializer(1), 2, 2);
      parameter("bias", new ConstantInitializer(0), 2, 2);
      parameter("norm", new ConstantInitializer(1), 2);
      parameter("gamma", new ConstantInitializer(1), 2, 2);
      buffer("mask", new ConstantInitializer(1), 2, 2);
      tie("head", weight);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return inputs;
    }
  }

  private static AdamW over(Map<String, Parameter> parameters) {
    return new AdamW(List.of(new ParameterGroup(parameters, 1, 0.1)), 0.9, 0.999, 1e-8);
  }

  private float step(AdamW optimizer) {
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
      JniUtils.backward((PtNDArray) loss, (PtNDArray) scope.create(1f), false, false);
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
