package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.attention.TableBias;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Linear layers and fused attention in bfloat16 against the same in float32. */
class Bfloat16Test {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = Devices.manager(Device.cpu());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void differsByItsRoundingOnlyAndLeavesWeightsAndGradientsInFloat32(boolean biased) {
    MultiHeadAttention attention =
        new MultiHeadAttention(
            AttentionConfig.causal(16, 2, null),
            null,
            biased ? AttentionParts.biased(TableBias.ofDistances(2, 9)) : AttentionParts.PLAIN);
    JniUtils.setSeed(4);
    attention.initialize(manager, DataType.FLOAT32);
    // A kernel is to be right at each of its calls, not only at the first.
    for (int call = 0; call < 3; call++) {
      Map<String, float[]> exact = run(attention, false);
      Map<String, float[]> rounded = run(attention, true);
      assertThat(rounded.keySet()).isEqualTo(exact.keySet());
      exact.forEach(
          (name, values) -> {
            double largest = 0;
            double difference = 0;
            for (int i = 0; i < values.length; i++) {
              largest = Math.max(largest, Math.abs(values[i]));
              difference = Math.max(difference, Math.abs(values[i] - rounded.get(name)[i]));
            }
            // bfloat16 has 8 bits of mantissa, and four products follow each other.
            assertThat(difference / largest).as(name).isBetween(1e-5, 4e-2);
          });
    }
  }

  private Map<String, float[]> run(MultiHeadAttention attention, boolean bfloat16) {
    Map<String, float[]> found = new LinkedHashMap<>();
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Pass pass = Pass.training(new ParameterStore(manager, false));
      pass = bfloat16 ? pass.inBfloat16() : pass;
      assertThat(pass.isBfloat16()).isEqualTo(bfloat16);
      NDArray x = scope.arange(2 * 9 * 16).sin().toType(DataType.FLOAT32, false);
      x = x.reshape(new Shape(2, 9, 16));
      NDArray y = attention.mix(pass, x, Sequences.FULL);
      assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
      found.put("output", y.toFloatArray());
      NDArray loss = y.square().sum();
      BackwardPass.from(loss);
    }
    StateDict.of(attention)
        .forEach(
            (name, parameter) -> {
              try (NDArray gradient = JniUtils.getGradient((PtNDArray) parameter.getArray())) {
                assertThat(gradient.getDataType()).isEqualTo(DataType.FLOAT32);
                found.put(name, gradient.toFloatArray());
                gradient.subi(gradient);
              }
            });
    return found;
  }
}
