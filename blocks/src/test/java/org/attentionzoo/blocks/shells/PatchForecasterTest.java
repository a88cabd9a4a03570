package org.attentionzoo.blocks.shells;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.Test;

class PatchForecasterTest {

  private static final PatchConfig CONFIG = new PatchConfig(12, 5, 2, 4, 2, 8, 1, 16, 0);

  private static NDArray forecast(PatchForecaster block, NDArray x) {
    return block.forward(Pass.inference(new ParameterStore(x.getManager(), false)), x);
  }

  private static PatchForecaster block(NDManager manager, PatchConfig config) {
    PatchForecaster block = new PatchForecaster(config, layer -> new IdentityMixer());
    block.initialize(manager, DataType.FLOAT64);
    return block;
  }

  @Test
  void withoutLayersItEqualsLoopsOverDoubles() {
    PatchConfig config = new PatchConfig(12, 5, 2, 4, 2, 8, 0, 16, 0);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      PatchForecaster block = block(manager, config);
      Map<String, Parameter> all = StateDict.of(block);
      double[] embed = all.get("W_P.weight").getArray().toDoubleArray();
      double[] embedBias = all.get("W_P.bias").getArray().toDoubleArray();
      double[] places = all.get("W_pos").getArray().toDoubleArray();
      double[] head = all.get("head.weight").getArray().toDoubleArray();
      double[] headBias = all.get("head.bias").getArray().toDoubleArray();
      NDArray x = manager.randomNormal(new Shape(3, 12, 2), DataType.FLOAT64);
      double[] in = x.toDoubleArray();
      double[] out = forecast(block, x).toDoubleArray();
      for (int b = 0; b < 3; b++) {
        for (int c = 0; c < 2; c++) {
          double mean = 0;
          double square = 0;
          for (int i = 0; i < 12; i++) {
            mean += in[(b * 12 + i) * 2 + c] / 12;
          }
          for (int i = 0; i < 12; i++) {
            square += Math.pow(in[(b * 12 + i) * 2 + c] - mean, 2) / 12;
          }
          double deviation = Math.sqrt(square + 1e-5);
          double[] tokens = new double[5 * 8];
          for (int t = 0; t < 5; t++) {
            double[] token = new double[8];
            double average = 0;
            for (int d = 0; d < 8; d++) {
              token[d] = embedBias[d] + places[t * 8 + d];
              for (int p = 0; p < 4; p++) {
                double value = (in[(b * 12 + 2 * t + p) * 2 + c] - mean) / deviation;
                token[d] += embed[d * 4 + p] * value;
              }
              average += token[d] / 8;
            }
            double variance = 0;
            for (int d = 0; d < 8; d++) {
              variance += Math.pow(token[d] - average, 2) / 8;
            }
            for (int d = 0; d < 8; d++) {
              tokens[t * 8 + d] = (token[d] - average) / Math.sqrt(variance + 1e-5);
            }
          }
          for (int h = 0; h < 5; h++) {
            double sum = headBias[h];
            for (int i = 0; i < 40; i++) {
              sum += head[h * 40 + i] * tokens[i];
            }
            assertThat(out[(b * 5 + h) * 2 + c]).isCloseTo(sum * deviation + mean, within(1e-9));
          }
        }
      }
    }
  }

  @Test
  void levelAndScaleOfASeriesGoThrough() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      PatchForecaster block = block(manager, CONFIG);
      NDArray x =
          manager.randomNormal(new Shape(2, 12, 2), DataType.FLOAT64).mul(manager.create(1e3));
      NDArray once = forecast(block, x);
      NDArray moved = forecast(block, x.mul(manager.create(3.0)).add(700));
      NDArray expected = once.mul(manager.create(3.0)).add(700);
      assertThat(moved.sub(expected).abs().max().getDouble()).isLessThan(1e-4);
    }
  }

  @Test
  void channelsDoNotSeeEachOther() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      PatchForecaster block = block(manager, CONFIG);
      NDArray x = manager.randomNormal(new Shape(2, 12, 2), DataType.FLOAT64);
      NDArray other = x.duplicate();
      other.set(new ai.djl.ndarray.index.NDIndex(":, :, 1"), 9);
      NDArray before = forecast(block, x).get(":, :, 0");
      NDArray after = forecast(block, other).get(":, :, 0");
      assertThat(before.sub(after).abs().max().getDouble()).isZero();
    }
  }

  @Test
  void sizesMustFit() {
    assertThatThrownBy(() -> new PatchConfig(12, 5, 2, 4, 3, 8, 1, 16, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiples of the stride");
    assertThat(CONFIG.tokens()).isEqualTo(5);
  }
}
