package org.attentionzoo.blocks.papers.titans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.Test;

/** The limiting settings of the memory, against loops in double precision. */
class NeuralMemoryTest {

  private static final int WIDTH = 6;
  private static final int HEADS = 2;
  private static final int HEAD = WIDTH / HEADS;
  private static final int LENGTH = 9;

  /** One linear layer, chunks of one, no momentum, no forgetting: W += 2 theta k^T (v - k W). */
  @Test
  void linearMemoryIsTheDeltaRule() {
    NeuralMemoryConfig config =
        new NeuralMemoryConfig(
            WIDTH, HEADS, 1, 1, 1, 0.4, 0, false, false, 0, false, false, 0, 0, 0.3);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradientMode ignored = GradientMode.off()) {
      JniUtils.setSeed(3);
      NeuralMemory memory = new NeuralMemory(config);
      memory.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(1, LENGTH, WIDTH));
      double[] expected = deltaRule(StateDict.of(memory), x.toFloatArray());
      for (Pass pass : passes(manager)) {
        float[] ours = memory.forward(pass, new NDList(x)).head().toFloatArray();
        for (int i = 0; i < expected.length; i++) {
          assertThat((double) ours[i]).isCloseTo(expected[i], within(1e-5));
        }
      }
    }
  }

  private static double[] deltaRule(Map<String, Parameter> weights, float[] x) {
    double[] output = new double[LENGTH * WIDTH];
    for (int head = 0; head < HEADS; head++) {
      double[][] w = new double[HEAD][HEAD];
      float[] start = weights.get("memory.0").getArray().toFloatArray();
      for (int i = 0; i < HEAD; i++) {
        for (int j = 0; j < HEAD; j++) {
          w[i][j] = start[(head * HEAD + i) * HEAD + j];
        }
      }
      for (int t = 0; t < LENGTH; t++) {
        double[] k = unit(activated(weights, "to_k", x, t, head));
        double[] q = unit(activated(weights, "to_q", x, t, head));
        double[] v = activated(weights, "to_v", x, t, head);
        double gate = weights.get("to_theta.bias").getArray().toFloatArray()[head];
        float[] theta = weights.get("to_theta.weight").getArray().toFloatArray();
        for (int i = 0; i < WIDTH; i++) {
          gate += theta[head * WIDTH + i] * x[t * WIDTH + i];
        }
        double rate = 0.4 / (1 + Math.exp(-gate));
        double[] error = new double[HEAD];
        for (int j = 0; j < HEAD; j++) {
          error[j] = v[j];
          for (int i = 0; i < HEAD; i++) {
            error[j] -= k[i] * w[i][j];
          }
        }
        for (int i = 0; i < HEAD; i++) {
          for (int j = 0; j < HEAD; j++) {
            w[i][j] += 2 * rate * k[i] * error[j];
          }
        }
        for (int j = 0; j < HEAD; j++) {
          for (int i = 0; i < HEAD; i++) {
            output[t * WIDTH + head * HEAD + j] += q[i] * w[i][j];
          }
        }
      }
    }
    return output;
  }

  private static double[] activated(
      Map<String, Parameter> weights, String name, float[] x, int t, int head) {
    float[] w = weights.get(name + ".weight").getArray().toFloatArray();
    double[] result = new double[HEAD];
    for (int j = 0; j < HEAD; j++) {
      double sum = 0;
      for (int i = 0; i < WIDTH; i++) {
        sum += w[(head * HEAD + j) * WIDTH + i] * x[t * WIDTH + i];
      }
      result[j] = sum / (1 + Math.exp(-sum));
    }
    return result;
  }

  private static double[] unit(double[] x) {
    double square = 0;
    for (double value : x) {
      square += value * value;
    }
    double[] result = x.clone();
    for (int i = 0; i < x.length; i++) {
      result[i] /= Math.sqrt(square);
    }
    return result;
  }

  @Test
  void tokensOfTheSameSequenceChangeWhatTheMemorySaysLater() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradientMode ignored = GradientMode.off()) {
      JniUtils.setSeed(5);
      NeuralMemory memory = new NeuralMemory(NeuralMemoryConfig.paper(8, 2, 2, 4, 0.3));
      memory.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(1, 12, 8));
      NDArray other = manager.randomNormal(new Shape(1, 1, 8)).concat(x.get(":, 1:"), 1);
      Pass pass = passes(manager)[0];
      NDArray first = memory.forward(pass, new NDList(x)).head().get(":, -1");
      NDArray second = memory.forward(pass, new NDList(other)).head().get(":, -1");
      assertThat(first.sub(second).abs().max().getFloat()).isGreaterThan(1e-4f);
    }
  }

  /** The limit keeps updates finite where the paper's form diverges. */
  @Test
  void limitedGradientsDoNotDiverge() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        GradientMode ignored = GradientMode.off()) {
      JniUtils.setSeed(7);
      NDArray x = manager.ones(new Shape(1, 2000, 8)).mul(manager.create(3f));
      float free = last(manager, 0, x);
      float limited = last(manager, 1, x);
      assertThat(Float.isFinite(free)).isFalse();
      assertThat(Float.isFinite(limited)).isTrue();
    }
  }

  private static float last(NDManager manager, double limit, NDArray x) {
    NeuralMemory memory =
        new NeuralMemory(
            new NeuralMemoryConfig(
                8, 1, 2, 2, 32, 2, limit, true, true, 0, false, false, -4, 2, 4));
    memory.initialize(manager, DataType.FLOAT32);
    Pass pass = passes(manager)[0];
    return memory.forward(pass, new NDList(x)).head().get(":, -1").sum().getFloat();
  }

  @Test
  void refusesAWidthThatHeadsDoNotDivide() {
    assertThatThrownBy(
            () -> new NeuralMemoryConfig(6, 4, 1, 1, 1, 1, 0, true, true, 0, false, false, 0, 0, 0))
        .hasMessageContaining("multiple of heads")
        .hasMessageContaining("6 and 4");
  }

  private static Pass[] passes(NDManager manager) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    return new Pass[] {pass, pass.onPlainPath()};
  }
}
