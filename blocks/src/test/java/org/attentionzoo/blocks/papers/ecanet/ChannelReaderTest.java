package org.attentionzoo.blocks.papers.ecanet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.papers.ecanet.ChannelReader.Gate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChannelReaderTest {

  private static final int CHANNELS = 5;
  private static final int IMAGE = 3;
  private static final int AREA = IMAGE * IMAGE;

  private static double sigmoid(double u) {
    return 1 / (1 + Math.exp(-u));
  }

  /** The gate of each value of one image. */
  private static double[] gates(Gate kind, Map<String, Parameter> weights, double[] x) {
    double[] perChannel = new double[CHANNELS];
    double[] perPosition = new double[AREA];
    for (int i = 0; i < x.length; i++) {
      perChannel[i / AREA] += x[i] / AREA;
      perPosition[i % AREA] += x[i] / CHANNELS;
    }
    double[] gates = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      gates[i] =
          switch (kind) {
            case NONE -> 1;
            case ECA -> along(weights, "gate.conv.weight", perChannel, i / AREA);
            case ECA_POSITIONS -> along(weights, "gate.layer.conv.weight", perPosition, i % AREA);
            case SE -> excitation(weights, perChannel, i / AREA);
          };
    }
    return gates;
  }

  private static double along(Map<String, Parameter> weights, String name, double[] means, int at) {
    float[] w = weights.get(name).getArray().toFloatArray();
    double u = 0;
    for (int j = 0; j < w.length; j++) {
      int near = at + j - w.length / 2;
      u += near < 0 || near >= means.length ? 0 : w[j] * means[near];
    }
    return sigmoid(u);
  }

  private static double excitation(Map<String, Parameter> weights, double[] means, int at) {
    float[] narrow = weights.get("gate.fc.0.weight").getArray().toFloatArray();
    float[] wide = weights.get("gate.fc.2.weight").getArray().toFloatArray();
    int hidden = narrow.length / CHANNELS;
    double u = 0;
    for (int h = 0; h < hidden; h++) {
      double sum = 0;
      for (int c = 0; c < CHANNELS; c++) {
        sum += narrow[h * CHANNELS + c] * means[c];
      }
      u += wide[at * hidden + h] * Math.max(0, sum);
    }
    return sigmoid(u);
  }

  @ParameterizedTest
  @EnumSource(Gate.class)
  void readsTheGatedCheckerboard(Gate kind) {
    try (NDManager manager = NDManager.newBaseManager()) {
      JniUtils.setSeed(5);
      ChannelReader reader = new ChannelReader(kind, 3, 2, CHANNELS, IMAGE, 4);
      reader.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(2, CHANNELS * AREA)).add(1);
      float[] actual =
          reader.forward(Pass.inference(new ParameterStore(manager, false)), x).toFloatArray();
      Map<String, Parameter> weights = StateDict.of(reader);
      float[] fc = weights.get("fc.weight").getArray().toFloatArray();
      float[] bias = weights.get("fc.bias").getArray().toFloatArray();
      float[] values = x.toFloatArray();
      assertThat(actual).hasSize(8);
      for (int row = 0; row < 2; row++) {
        double[] image = new double[CHANNELS * AREA];
        for (int i = 0; i < image.length; i++) {
          image[i] = values[row * image.length + i];
        }
        double[] gates = gates(kind, weights, image);
        for (int o = 0; o < 4; o++) {
          double expected = bias[o];
          for (int i = 0; i < image.length; i++) {
            // Of 3 x 3 places five are 1, those whose number is even.
            expected +=
                i % AREA % 2 == 0 ? fc[o * CHANNELS + i / AREA] * image[i] * gates[i] / 5 : 0;
          }
          assertThat((double) actual[row * 4 + o]).isCloseTo(expected, within(3e-6));
        }
      }
    }
  }
}
