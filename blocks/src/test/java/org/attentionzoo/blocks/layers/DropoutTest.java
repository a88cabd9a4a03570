package org.attentionzoo.blocks.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutTest {

  private static final int SIZE = 40_000;

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.3, 0.9})
  void bothWaysZeroTheShareAndKeepTheMean(double rate) {
    for (UnaryOperator<NDArray> way :
        List.<UnaryOperator<NDArray>>of(x -> Dropout.uniform(x, rate), x -> Dropout.own(x, rate))) {
      try (NDManager manager = NDManager.newBaseManager()) {
        JniUtils.setSeed(11);
        float[] values = way.apply(manager.ones(new Shape(SIZE))).toFloatArray();
        int zeros = 0;
        for (float value : values) {
          if (value == 0) {
            zeros++;
          } else {
            assertThat(value).isEqualTo((float) (1 / (1 - rate)), within(1e-5f));
          }
        }
        double deviation = Math.sqrt(rate * (1 - rate) / SIZE);
        assertThat((double) zeros / SIZE).isEqualTo(rate, within(5 * deviation));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, SIZE})
  void sameSeedSameZerosAnotherDrawOthers(int size) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Pass pass = Pass.training(new ParameterStore(manager, false));
      NDArray ones = manager.ones(new Shape(size));
      JniUtils.setSeed(5);
      float[] first = Dropout.apply(pass, ones, 0.5).toFloatArray();
      float[] second = Dropout.apply(pass, ones, 0.5).toFloatArray();
      JniUtils.setSeed(5);
      assertThat(Dropout.apply(pass, ones, 0.5).toFloatArray()).isEqualTo(first);
      if (size > 1) {
        assertThat(second).isNotEqualTo(first);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, SIZE})
  void theEndsOfTheRange(int size) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Pass training = Pass.training(new ParameterStore(manager, false));
      NDArray ones = manager.ones(new Shape(size));
      assertThat(Dropout.apply(training, ones, 0)).isSameAs(ones);
      assertThat(Dropout.apply(training, ones, 1).toFloatArray()).containsOnly(0);
    }
  }

  @Test
  void predictionDropsNothing() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Pass prediction = Pass.inference(new ParameterStore(manager, false));
      NDArray ones = manager.ones(new Shape(SIZE));
      assertThat(Dropout.apply(prediction, ones, 0.5)).isSameAs(ones);
    }
  }
}
