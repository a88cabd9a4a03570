package org.attentionzoo.blocks.papers.ecanet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EfficientChannelAttentionTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    ai.djl.pytorch.jni.JniUtils.setSeed(7);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private EfficientChannelAttention block(EcaConfig config) {
    EfficientChannelAttention block = new EfficientChannelAttention(config);
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  /** The paper's equations by loops in double precision. */
  private static double[] expected(EcaConfig config, float[] w, float[] x, int batch, int area) {
    int channels = config.channels();
    int k = config.kernelSize();
    double[] y = new double[x.length];
    for (int b = 0; b < batch; b++) {
      double[] z = new double[channels];
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < area; i++) {
          z[c] += x[(b * channels + c) * area + i] / (double) area;
        }
      }
      for (int c = 0; c < channels; c++) {
        double u = 0;
        for (int j = 0; j < k; j++) {
          int neighbour = c + j - (k - 1) / 2;
          if (config.circular()) {
            neighbour = Math.floorMod(neighbour, channels);
          }
          if (neighbour >= 0 && neighbour < channels) {
            u += w[(config.perChannel() ? c * k : 0) + j] * z[neighbour];
          }
        }
        for (int i = 0; i < area; i++) {
          int at = (b * channels + c) * area + i;
          y[at] = x[at] / (1 + Math.exp(-u));
        }
      }
    }
    return y;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, false, false",
    "2, 5, false, false",
    "7, 3, false, false",
    "7, 3, true, false",
    "4, 9, true, false",
    "7, 5, false, true",
    "7, 5, true, true",
  })
  void computesThePapersEquations(int channels, int k, boolean circular, boolean perChannel) {
    EcaConfig config = new EcaConfig(channels, k, circular, perChannel);
    EfficientChannelAttention block = block(config);
    NDArray x = manager.randomNormal(new Shape(2, channels, 3, 5)).add(1);
    float[] w = StateDict.of(block).get("conv.weight").getArray().toFloatArray();
    assertThat(w).hasSize(perChannel ? channels * k : k);
    double[] expected = expected(config, w, x.toFloatArray(), 2, 15);
    float[] actual = block.forward(pass(), x).toFloatArray();
    assertThat(actual).hasSize(expected.length);
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(2e-6));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "16, 3", "32, 3", "64, 3", "128, 5", "256, 5", "512, 5", "1024, 5", "2048, 7", "1, 1"
  })
  void adaptsTheKernelSizeAsThePaperSays(int channels, int k) {
    // The truncated value is 2 at 16 channels and 0 at 1: even numbers go up by one.
    assertThat(EcaConfig.adaptive(channels).kernelSize()).isEqualTo(k);
  }

  @Test
  void sizesOfResNet50CostEightyParameters() {
    int[] blocks = {3, 4, 6, 3};
    int[] sizes = {3, 5, 5, 7};
    long parameters = 0;
    for (int stage = 0; stage < 4; stage++) {
      EcaConfig config = EcaConfig.of(256 << stage, sizes[stage]);
      parameters += blocks[stage] * StateDict.countTrainable(new EfficientChannelAttention(config));
    }
    assertThat(parameters).isEqualTo(80);
  }

  @Test
  void tapReadsAndReplacesTheGate() {
    EfficientChannelAttention block = block(EcaConfig.of(6, 3));
    NDArray x = manager.randomNormal(new Shape(2, 6, 4, 4));
    NDArray[] seen = new NDArray[1];
    Pass reading = pass().with(Taps.on(block).read("gate", g -> seen[0] = g));
    NDArray y = block.forward(reading, x);
    assertThat(x.mul(seen[0]).toFloatArray()).isEqualTo(y.toFloatArray());
    Pass open = pass().with(Taps.on(block).replace("gate", NDArray::onesLike));
    assertThat(block.forward(open, x).toFloatArray()).isEqualTo(x.toFloatArray());
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> EcaConfig.of(8, 4)).hasMessageContaining("kernelSize is 4");
    assertThatThrownBy(() -> new EcaConfig(2, 7, true, false)).hasMessageContaining("around 2");
    EfficientChannelAttention block = block(EcaConfig.of(6, 3));
    NDList wrong = new NDList(manager.ones(new Shape(1, 5, 2, 2)));
    assertThatThrownBy(() -> block.forward(pass(), wrong)).hasMessageContaining("(batch, 6,");
  }
}
