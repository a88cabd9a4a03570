package org.attentionzoo.blocks.papers.moduleformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StickBreakingTest {

  private final NDManager manager = NDManager.newBaseManager();
  private final StickBreaking block = new StickBreaking();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void weightsAreTheProductsOfTheEquationAndSumToWhatWasBrokenOff() {
    Engine.getInstance().setRandomSeed(1);
    int length = 9;
    int width = 4;
    NDArray q = manager.randomNormal(new Shape(1, length, 1, 1, width));
    NDArray k = manager.randomNormal(new Shape(1, length, 1, width));
    float[] weights = weights(q, k);
    float[] logits =
        q.reshape(length, width).matMul(k.reshape(length, width).transpose()).toFloatArray();
    for (int i = 0; i < length; i++) {
      double left = 1;
      double sum = 0;
      for (int j = i; j >= 0; j--) {
        double beta = 1 / (1 + Math.exp(-logits[i * length + j] / Math.sqrt(width)));
        assertThat((double) weights[i * length + j]).isCloseTo(beta * left, within(1e-6));
        left *= 1 - beta;
        sum += weights[i * length + j];
      }
      assertThat(sum).isCloseTo(1 - left, within(1e-6));
      for (int j = i + 1; j < length; j++) {
        assertThat(weights[i * length + j]).isZero();
      }
    }
  }

  @Test
  void theNearestOfTwoLargeKeysTakesAll() {
    int length = 6;
    NDArray q = manager.ones(new Shape(1, length, 1, 1, 1));
    NDArray k =
        manager.create(new float[] {-60, 60, -60, 60, -60, -60}, new Shape(1, length, 1, 1));
    float[] weights = weights(q, k);
    for (int j = 0; j < length; j++) {
      assertThat(weights[5 * length + j]).isCloseTo(j == 3 ? 1 : 0, within(1e-6f));
      assertThat(weights[2 * length + j]).isCloseTo(j == 1 ? 1 : 0, within(1e-6f));
    }
  }

  private float[] weights(NDArray q, NDArray k) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    return block.forward(pass, new NDList(q, k, k)).get(1).toFloatArray();
  }
}
