package org.attentionzoo.blocks.papers.moh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DiffusionTransformerTest {

  private static final DiffusionTransformerConfig TINY =
      new DiffusionTransformerConfig(
          4, 2, 1, 3, 8, List.of(2, 4), 3, 12, List.of(2, 1), List.of(0, 2), 0.01, 0.5, false);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private <B extends ZooBlock> B initialized(B block) {
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private static NDArray weight(ZooBlock block, String name) {
    return StateDict.of(block).get(name).getArray();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private Pass training() {
    return Pass.training(new ParameterStore(manager, false));
  }

  @Test
  void hasTheOfficialNames() {
    assertThat(StateDict.of(new DiffusionTransformer(TINY)))
        .containsKeys(
            "pos_embed",
            "x_embedder.proj.weight",
            "x_embedder.proj.bias",
            "t_embedder.mlp.0.weight",
            "t_embedder.mlp.2.bias",
            "y_embedder.embedding_table.weight",
            "blocks.0.attn.qkv.bias",
            "blocks.0.attn.wg_1.weight",
            "blocks.1.attn.proj.weight",
            "blocks.1.attn.wg.weight",
            "blocks.1.attn.wg_0.weight",
            "blocks.1.mlp.fc1.weight",
            "blocks.1.mlp.fc2.bias",
            "blocks.1.adaLN_modulation.1.weight",
            "final_layer.linear.weight",
            "final_layer.adaLN_modulation.1.bias")
        .doesNotContainKeys("blocks.0.attn.wg.weight", "blocks.1.attn.wg_1.weight");
  }

  /** DiT-XL/2 has 675,129,632 numbers, of which 256 positions of 1152 are not trained. */
  @Test
  void thePlainModelHasAsManyParametersAsDit() {
    DiffusionTransformerConfig large =
        new DiffusionTransformerConfig(
            32,
            2,
            4,
            1000,
            1152,
            Collections.nCopies(28, 16),
            72,
            4608,
            List.of(),
            List.of(),
            0,
            0.1,
            true);
    assertThat(StateDict.countTrainable(new DiffusionTransformer(large)))
        .isEqualTo(675_129_632L - 256 * 1152);
  }

  @Test
  void startsAsTheOfficialModelDoes() {
    DiffusionTransformer model = initialized(new DiffusionTransformer(TINY));
    NDList inputs =
        new NDList(
            manager.randomNormal(new Shape(2, 1, 4, 4)),
            manager.create(new float[] {3, 500}),
            manager.create(new long[] {0, 2}));
    assertThat(model.forward(inference(), inputs).head().abs().max().getFloat()).isZero();
    assertThat(weight(model, "blocks.1.attn.qkv.bias").abs().max().getFloat()).isZero();
    assertThat(weight(model, "blocks.1.adaLN_modulation.1.weight").abs().max().getFloat()).isZero();
    // Xavier's bound of (36, 8), which 288 uniform numbers come close to
    assertThat(weight(model, "blocks.1.attn.qkv.weight").abs().max().getFloat())
        .isCloseTo((float) Math.sqrt(6.0 / (36 + 8)), within(0.02f));
    assertThat(weight(model, "x_embedder.proj.weight").abs().max().getFloat())
        .isLessThanOrEqualTo((float) Math.sqrt(6.0 / (8 + 4)))
        .isGreaterThan(0.5f);
    float[] times = weight(model, "t_embedder.mlp.0.weight").toFloatArray();
    double square = 0;
    for (float t : times) {
      square += t * t;
    }
    assertThat(Math.sqrt(square / times.length)).isCloseTo(0.02, within(0.001));
  }

  @Test
  void aLayerComputesItsEquationsAndStartsAsTheIdentity() {
    int width = 4;
    DiffusionTransformerBlock block =
        initialized(new DiffusionTransformerBlock(width, 6, new IdentityMixer()));
    NDArray x = manager.randomNormal(new Shape(2, 3, width));
    NDArray condition = manager.randomNormal(new Shape(2, width));
    assertThat(block.forward(inference(), x, condition).toFloatArray()).isEqualTo(x.toFloatArray());

    weight(block, "adaLN_modulation.1.weight")
        .addi(manager.randomNormal(new Shape(6L * width, width)));
    weight(block, "adaLN_modulation.1.bias").addi(manager.randomNormal(new Shape(6L * width)));
    float[] actual = block.forward(inference(), x, condition).toFloatArray();
    for (int b = 0; b < 2; b++) {
      double[] c = doubles(condition.get(b));
      for (int i = 0; i < width; i++) {
        c[i] = c[i] / (1 + Math.exp(-c[i]));
      }
      double[] m = linear(block, "adaLN_modulation.1", c, 6 * width);
      for (int t = 0; t < 3; t++) {
        double[] h = doubles(x.get(b).get(t));
        double[] mixed = modulated(h, m, 0);
        for (int i = 0; i < width; i++) {
          h[i] += m[2 * width + i] * mixed[i];
        }
        double[] inner = linear(block, "mlp.fc1", modulated(h, m, 3), 6);
        for (int i = 0; i < inner.length; i++) {
          double v = inner[i];
          inner[i] = 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
        }
        double[] outer = linear(block, "mlp.fc2", inner, width);
        for (int i = 0; i < width; i++) {
          assertThat((double) actual[(b * 3 + t) * width + i])
              .isCloseTo(h[i] + m[5 * width + i] * outer[i], within(1e-5));
        }
      }
    }
  }

  private static double[] modulated(double[] x, double[] m, int part) {
    int width = x.length;
    double mean = 0;
    double variance = 0;
    for (double v : x) {
      mean += v / width;
    }
    for (double v : x) {
      variance += (v - mean) * (v - mean) / width;
    }
    double[] y = new double[width];
    for (int i = 0; i < width; i++) {
      double norm = (x[i] - mean) / Math.sqrt(variance + 1e-6);
      y[i] = norm * (1 + m[(part + 1) * width + i]) + m[part * width + i];
    }
    return y;
  }

  private static double[] linear(ZooBlock block, String name, double[] x, int out) {
    double[] w = doubles(weight(block, name + ".weight"));
    double[] y = doubles(weight(block, name + ".bias"));
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += w[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static double[] doubles(NDArray x) {
    return x.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  @Test
  void embedsTimesByCosinesThenSines() {
    TimestepEmbedding block = initialized(new TimestepEmbedding(256));
    // The first projection's first half passes the waves on as they are, the second does nothing.
    weight(block, "mlp.0.weight").muli(0).addi(manager.eye(256));
    weight(block, "mlp.2.weight").muli(0).addi(manager.eye(256));
    double t = 700.5;
    double[] actual = doubles(block.forward(inference(), manager.create(new float[] {(float) t})));
    for (int i = 0; i < 128; i++) {
      double angle = t * Math.exp(-Math.log(10000) * i / 128);
      assertThat(actual[i]).isCloseTo(silu(Math.cos(angle)), within(2e-4));
      assertThat(actual[128 + i]).isCloseTo(silu(Math.sin(angle)), within(2e-4));
    }
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  @Test
  void positionsTellTheColumnThenTheRow() {
    DiffusionTransformerConfig wide =
        new DiffusionTransformerConfig(
            6, 2, 1, 3, 8, List.of(2), 4, 12, List.of(), List.of(), 0, 0, false);
    DiffusionTransformer model = initialized(new DiffusionTransformer(wide));
    // Patch 5 of a grid of 3 by 3: row 1, column 2; frequencies 1 and 1 / 100.
    double[] expected = {
      Math.sin(2), Math.sin(0.02), Math.cos(2), Math.cos(0.02),
      Math.sin(1), Math.sin(0.01), Math.cos(1), Math.cos(0.01)
    };
    double[] actual = doubles(weight(model, "pos_embed").get(0).get(5));
    for (int i = 0; i < 8; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(1e-6));
    }
  }

  @Test
  void patchesReturnToTheirPlaces() {
    DiffusionTransformerConfig config =
        new DiffusionTransformerConfig(
            4, 2, 1, 3, 8, List.of(2), 4, 12, List.of(), List.of(), 0, 0, true);
    DiffusionTransformer model = initialized(new DiffusionTransformer(config));
    // Each patch becomes the last projection's bias: rows, columns, then the two outputs.
    weight(model, "final_layer.linear.bias").addi(manager.arange(8).toType(DataType.FLOAT32, true));
    NDList inputs =
        new NDList(
            manager.zeros(new Shape(1, 1, 4, 4)),
            manager.zeros(new Shape(1)),
            manager.zeros(new Shape(1), DataType.INT64));
    NDArray output = model.forward(inference(), inputs).head();
    assertThat(output.getShape()).isEqualTo(new Shape(1, 2, 4, 4));
    assertThat(output.toFloatArray())
        .containsExactly(
            0, 2, 0, 2, 4, 6, 4, 6, 0, 2, 0, 2, 4, 6, 4, 6, 1, 3, 1, 3, 5, 7, 5, 7, 1, 3, 1, 3, 5,
            7, 5, 7);
  }

  @Test
  void trainingReplacesLabelsByNone() {
    LabelEmbedding block = initialized(new LabelEmbedding(3, 4, 0.25));
    NDArray labels = manager.ones(new Shape(4000), DataType.INT64);
    NDArray none = weight(block, "embedding_table.weight").get(3);
    NDArray kept = weight(block, "embedding_table.weight").get(1);
    double dropped = share(block.forward(training(), labels), none);
    assertThat(dropped).isCloseTo(0.25, within(0.03));
    assertThat(share(block.forward(training(), labels), kept)).isCloseTo(0.75, within(0.03));
    assertThat(share(block.forward(inference(), labels), kept)).isEqualTo(1);
    LabelEmbedding always = initialized(new LabelEmbedding(3, 4, 0));
    assertThat(weight(always, "embedding_table.weight").getShape()).isEqualTo(new Shape(3, 4));
  }

  private static double share(NDArray rows, NDArray row) {
    return rows.sub(row)
        .abs()
        .max(new int[] {1})
        .eq(0)
        .toType(DataType.FLOAT32, true)
        .mean()
        .getFloat();
  }

  @Test
  void theBalanceLossIsTheMeanOverTheLayersThatRoute() {
    DiffusionTransformerConfig twice =
        new DiffusionTransformerConfig(
            4,
            2,
            1,
            3,
            8,
            List.of(4, 4, 4),
            2,
            12,
            List.of(1, 4, 1),
            List.of(2, 0, 2),
            0.01,
            0,
            false);
    DiffusionTransformer model = initialized(new DiffusionTransformer(twice));
    StateDict.of(model)
        .forEach(
            (name, p) -> {
              if (name.endsWith("wg.weight")) {
                p.getArray().muli(0);
              }
            });
    Pass pass = training();
    model.forward(
        pass,
        new NDList(
            manager.randomNormal(new Shape(2, 1, 4, 4)),
            manager.zeros(new Shape(2)),
            manager.zeros(new Shape(2), DataType.INT64)));
    Map<String, NDArray> losses = pass.auxiliaryLosses();
    // uniform routing gives k in each layer
    assertThat(losses.get("moh.balance").getFloat()).isCloseTo(0.01f * 2, within(1e-7f));
  }

  @Test
  void refusesListsThatDoNotFit() {
    assertThatThrownBy(
            () ->
                new DiffusionTransformerConfig(
                    4, 2, 1, 3, 8, List.of(4, 4), 2, 12, List.of(1), List.of(2), 0, 0, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("each of the 2 layers");
  }
}
