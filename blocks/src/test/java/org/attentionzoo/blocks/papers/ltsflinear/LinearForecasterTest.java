package org.attentionzoo.blocks.papers.ltsflinear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LinearForecasterTest {

  private static final int WINDOW = 31;
  private static final int HORIZON = 4;
  private static final int CHANNELS = 3;

  @ParameterizedTest
  @EnumSource(LinearForecaster.Form.class)
  void equalsLoopsOverDoubles(LinearForecaster.Form form) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      LinearForecaster block = new LinearForecaster(form, WINDOW, HORIZON);
      block.initialize(manager, DataType.FLOAT64);
      NDArray x = manager.randomNormal(new Shape(2, WINDOW, CHANNELS), DataType.FLOAT64);
      NDArray y = block.forward(Pass.inference(new ParameterStore(manager, false)), x);
      assertThat(y.getShape()).isEqualTo(new Shape(2, HORIZON, CHANNELS));
      double[] in = x.toDoubleArray();
      double[] out = y.toDoubleArray();
      for (int b = 0; b < 2; b++) {
        for (int c = 0; c < CHANNELS; c++) {
          double[] series = new double[WINDOW];
          for (int i = 0; i < WINDOW; i++) {
            series[i] = in[(b * WINDOW + i) * CHANNELS + c];
          }
          double[] expected = expected(form, block, series);
          for (int h = 0; h < HORIZON; h++) {
            assertThat(out[(b * HORIZON + h) * CHANNELS + c]).isCloseTo(expected[h], within(1e-10));
          }
        }
      }
    }
  }

  private static double[] expected(
      LinearForecaster.Form form, LinearForecaster block, double[] series) {
    double[] first = new double[WINDOW];
    double[] second = new double[WINDOW];
    double last = 0;
    for (int i = 0; i < WINDOW; i++) {
      double trend = 0;
      for (int k = i - 12; k <= i + 12; k++) {
        trend += series[Math.max(0, Math.min(WINDOW - 1, k))] / 25;
      }
      second[i] = trend;
      first[i] = series[i] - trend;
    }
    double[] y;
    if (form == LinearForecaster.Form.NLINEAR) {
      last = series[WINDOW - 1];
      for (int i = 0; i < WINDOW; i++) {
        first[i] = series[i] - last;
      }
      y = linear(block, "Linear", first);
    } else {
      y = linear(block, "Linear_Seasonal", first);
      double[] slow = linear(block, "Linear_Trend", second);
      for (int h = 0; h < HORIZON; h++) {
        y[h] += slow[h];
      }
    }
    for (int h = 0; h < HORIZON; h++) {
      y[h] += last;
    }
    return y;
  }

  private static double[] linear(LinearForecaster block, String name, double[] x) {
    Map<String, ai.djl.nn.Parameter> all = StateDict.of(block);
    double[] weight = all.get(name + ".weight").getArray().toDoubleArray();
    double[] y = all.get(name + ".bias").getArray().toDoubleArray();
    for (int h = 0; h < HORIZON; h++) {
      for (int i = 0; i < WINDOW; i++) {
        y[h] += weight[h * WINDOW + i] * x[i];
      }
    }
    return y;
  }

  @Test
  void sizesMustBePositive() {
    assertThatThrownBy(() -> new LinearForecaster(LinearForecaster.Form.NLINEAR, 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
