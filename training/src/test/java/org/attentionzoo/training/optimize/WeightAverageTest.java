package org.attentionzoo.training.optimize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.ConstantInitializer;
import java.util.Map;
import java.util.Random;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WeightAverageTest {

  private static final double DECAY = 0.97;

  private NDManager manager;
  private Weights model;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    model = new Weights();
    model.initialize(manager, DataType.FLOAT32);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsTheMovingAverageInDoubleOverAHundredSteps() {
    Random random = new Random(8);
    double[][] expected = new double[2][];
    try (WeightAverage average = new WeightAverage(model, DECAY)) {
      assertThat(average.values()).containsOnlyKeys("a", "b");
      for (int step = 0; step < 100; step++) {
        float[][] weights = {set(model.a, random), set(model.b, random)};
        average.update();
        for (int i = 0; i < 2; i++) {
          expected[i] = expected[i] == null ? doubles(weights[i]) : expected[i];
          for (int j = 0; step > 0 && j < weights[i].length; j++) {
            expected[i][j] = DECAY * expected[i][j] + (1 - DECAY) * weights[i][j];
          }
        }
        check(average.values(), expected);
      }
    }
  }

  @Test
  void exchangingTwiceIsNoChangeOfAnyBit() {
    Random random = new Random(9);
    try (WeightAverage average = new WeightAverage(model, DECAY)) {
      float[] initial = set(model.a, random);
      average.exchange();
      assertThat(model.a.getArray().toFloatArray()).isEqualTo(initial);
      average.update();
      float[] weights = set(model.a, random);
      average.update();
      float[] averaged = average.values().get("a").toFloatArray();
      assertThat(averaged).isNotEqualTo(weights);
      for (int i = 0; i < 3; i++) {
        average.exchange();
        assertThat(model.a.getArray().toFloatArray()).isEqualTo(averaged);
        assertThat(average.values().get("a").toFloatArray()).isEqualTo(weights);
        average.exchange();
        assertThat(model.a.getArray().toFloatArray()).isEqualTo(weights);
      }
      assertThat(model.a.getArray().hasGradient()).isTrue();
      assertThat(model.buffer.getArray().toFloatArray()).containsOnly(2);
    }
  }

  @Test
  void goesOnFromWhatItWas() {
    Random random = new Random(10);
    try (WeightAverage one = new WeightAverage(model, DECAY);
        WeightAverage two = new WeightAverage(model, DECAY)) {
      for (int step = 0; step < 3; step++) {
        set(model.a, random);
        one.update();
      }
      two.restore(one.values());
      set(model.a, random);
      one.update();
      two.update();
      assertThat(two.values().get("a").toFloatArray())
          .isEqualTo(one.values().get("a").toFloatArray());
      assertThatThrownBy(() -> two.restore(Map.of("a", one.values().get("a"))))
          .hasMessageContaining("'b' is missing");
      assertThatThrownBy(
              () -> two.restore(Map.of("a", one.values().get("b"), "b", one.values().get("b"))))
          .hasMessageContaining("shape");
    }
  }

  private static void check(Map<String, NDArray> averages, double[][] expected) {
    int i = 0;
    for (NDArray average : averages.values()) {
      float[] values = average.toFloatArray();
      for (int j = 0; j < values.length; j++) {
        assertThat((double) values[j]).isCloseTo(expected[i][j], within(2e-6));
      }
      i++;
    }
  }

  private float[] set(Parameter parameter, Random random) {
    float[] values = new float[(int) parameter.getShape().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (NDArray array = manager.create(values, parameter.getShape())) {
      TensorLists.assign(new NDList(parameter.getArray()), new NDList(array));
    }
    return values;
  }

  private static double[] doubles(float[] values) {
    double[] copy = new double[values.length];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = values[i];
    }
    return copy;
  }

  /** Two trained parameters, one of them tied, and a buffer. */
  private static final class Weights extends ZooBlock {
    private final Parameter a = parameter("a", new ConstantInitializer(1), 5);
    private final Parameter b = parameter("b", new ConstantInitializer(1), 2, 3);
    private final Parameter buffer = buffer("buffer", new ConstantInitializer(2), 4);

    Weights() {
      tie("c", a);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return inputs;
    }
  }
}
