package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;

class BackwardPassTest {

  @Test
  void addsGradientsOfASumOrOfGivenWeights() {
    try (NDManager manager = NDManager.newBaseManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray x = manager.create(new float[] {1, 2, 3});
      x.setRequiresGradient(true);
      BackwardPass.from(x.mul(x));
      assertThat(x.getGradient().toFloatArray()).containsExactly(2, 4, 6);
      assertThat(BackwardPass.tryFrom(x.mul(x), manager.create(new float[] {0, 1, 10}))).isTrue();
      assertThat(x.getGradient().toFloatArray()).containsExactly(2, 8, 66);
    }
  }

  @Test
  void tellsOfWhatDependsOnNothingThatTakesAGradient() {
    try (NDManager manager = NDManager.newBaseManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray constant = manager.create(new float[] {1, 2, 3}).sum();
      assertThat(BackwardPass.tryFrom(constant)).isFalse();
      assertThatThrownBy(() -> BackwardPass.from(constant)).isInstanceOf(EngineException.class);
    }
  }

  @Test
  void doesNotHideOtherFailures() {
    try (NDManager manager = NDManager.newBaseManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray x = manager.create(new float[] {1, 2, 3});
      x.setRequiresGradient(true);
      assertThatThrownBy(() -> BackwardPass.tryFrom(x.mul(x), manager.create(new float[] {1, 2})))
          .isInstanceOf(EngineException.class);
    }
  }
}
