package org.attentionzoo.blocks.papers.moh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.HeadWeights;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Multi-head attention of a decoder whose heads are weighed by MoH's routers. */
class DecoderMixtureTest {

  private static final int WIDTH = 8;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(23);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static MohConfig config(int heads, int shared, int routed) {
    return new MohConfig(WIDTH, heads, 4, false, false, shared, routed, 1);
  }

  private static HeadWeights router(MohConfig config, boolean byQueryNorm) {
    return byQueryNorm ? new QueryNormHeadRouter(config) : new HeadRouter(config);
  }

  private MultiHeadAttention attention(MohConfig config, int groups, HeadWeights weights) {
    MultiHeadAttention block =
        new MultiHeadAttention(
            new AttentionConfig(
                WIDTH,
                config.heads(),
                groups,
                config.headWidth(),
                false,
                true,
                0,
                new Rotary(Rotary.Layout.HALF, 100),
                false,
                0),
            weights);
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  @ParameterizedTest
  @CsvSource({
    // heads, groups, shared, routed, by query norm, batch, length
    "4, 4, 1, 2, false, 2, 5",
    "4, 2, 2, 1, false, 1, 4",
    "6, 3, 0, 4, false, 2, 3",
    "4, 4, 2, 1, true, 2, 5",
    "4, 2, 1, 2, true, 1, 4",
    "6, 2, 3, 2, true, 2, 3",
    "5, 5, 0, 3, true, 1, 6",
    "4, 1, 0, 4, true, 2, 1",
    "3, 3, 2, 1, true, 2, 3",
  })
  void agreesWithTheEquationsInDoublePrecisionGradientsIncluded(
      int heads, int groups, int shared, int routed, boolean byQueryNorm, int batch, int length) {
    MohConfig config = config(heads, shared, routed);
    MultiHeadAttention block = attention(config, groups, router(config, byQueryNorm));
    LoopDecoderMixture loops = new LoopDecoderMixture(config, groups, byQueryNorm, block);
    NDArray x = manager.randomNormal(new Shape(batch, length, WIDTH));
    NDArray cotangent = manager.randomNormal(x.getShape());
    double[] input = doubles(x);
    LoopDecoderMixture.Result expected = loops.run(input, batch, length);

    NDArray[] gates = new NDArray[1];
    Taps taps = Taps.on(block).read("gates", g -> gates[0] = g);
    Pass pass = Pass.training(new ParameterStore(manager, false)).with(taps);
    double balance;
    try (GradientMode ignored = GradientMode.on()) {
      x.setRequiresGradient(true);
      NDArray output = block.mix(pass, x, Sequences.FULL);
      NDArray auxiliary = pass.auxiliaryLosses().get("moh.balance");
      balance = auxiliary.getFloat();
      near(output, expected.output());
      NDArray total = output.mul(cotangent).sum().add(auxiliary);
      BackwardPass.from(total);
    }
    near(gates[0], expected.gates());
    assertThat(balance).isCloseTo(expected.balance(), within(1e-5));

    double[] direction = doubles(cotangent);
    near(x.getGradient(), loops.slopes(input, input, batch, length, direction));
    StateDict.of(block)
        .forEach(
            (name, parameter) ->
                near(
                    parameter.getArray().getGradient(),
                    loops.slopes(loops.weights.get(name), input, batch, length, direction)));
  }

  @Test
  void allHeadsActiveWithoutPreferencesIsPlainAttentionBitForBit() {
    for (boolean byQueryNorm : new boolean[] {false, true}) {
      for (int shared : new int[] {0, 1, 2}) {
        MohConfig config = config(4, shared, 4 - shared);
        MultiHeadAttention mixture = attention(config, 2, router(config, byQueryNorm));
        MultiHeadAttention plain = attention(config, 2, null);
        Map<String, Parameter> trained = new LinkedHashMap<>(StateDict.of(mixture));
        StateDict.of(plain)
            .forEach((name, p) -> p.getArray().set(trained.remove(name).getArray().toFloatArray()));
        trained.values().forEach(p -> p.getArray().set(new float[(int) p.getShape().size()]));
        NDArray x = manager.randomNormal(new Shape(2, 5, WIDTH));
        assertThat(mixture.mix(inference(), x, Sequences.FULL).toFloatArray())
            .as("query norms %s, shared %d", byQueryNorm, shared)
            .isEqualTo(plain.mix(inference(), x, Sequences.FULL).toFloatArray());
      }
    }
  }

  @Test
  void theGatesByQueryNormAreOnesOrZeros() {
    MohConfig config = config(7, 2, 3);
    QueryNormHeadRouter router = new QueryNormHeadRouter(config);
    NDArray queries = manager.randomNormal(new Shape(3, 6, 7 * config.headWidth()));
    for (Pass pass : List.of(inference(), Pass.training(new ParameterStore(manager, false)))) {
      NDArray gates = router.route(pass, queries);
      assertThat(gates.getShape()).isEqualTo(new Shape(3, 6, 7));
      assertThat(gates.toFloatArray()).containsOnly(0, 1);
      assertThat(gates.get(":, :, :2").min().getFloat()).isEqualTo(1);
      assertThat(gates.sum(new int[] {-1}).toFloatArray()).containsOnly(5);
    }
  }

  @Test
  void queriesWithoutLengthGiveNoNaN() {
    MohConfig config = config(4, 1, 2);
    QueryNormHeadRouter router = new QueryNormHeadRouter(config);
    NDArray queries = manager.zeros(new Shape(1, 2, 16));
    Pass pass = Pass.training(new ParameterStore(manager, false));
    try (GradientMode ignored = GradientMode.on()) {
      queries.setRequiresGradient(true);
      NDArray total = router.route(pass, queries).sum();
      total = total.add(pass.auxiliaryLosses().get("moh.balance"));
      BackwardPass.from(total);
    }
    assertThat(queries.getGradient().isNaN().any().getBoolean()).isFalse();
  }

  @Test
  void paddingHasNoPartInTheBalanceLoss() {
    for (boolean byQueryNorm : new boolean[] {false, true}) {
      MohConfig config = config(4, 1, 2);
      MultiHeadAttention block = attention(config, 4, router(config, byQueryNorm));
      NDArray x = manager.randomNormal(new Shape(1, 6, WIDTH));
      NDArray valid = manager.create(new boolean[] {true, true, true, true, false, false});
      Pass padded = Pass.training(new ParameterStore(manager, false));
      block.mix(padded, x, Sequences.padded(valid.reshape(1, 6)));
      Pass cut = Pass.training(new ParameterStore(manager, false));
      block.mix(cut, x.get(":, :4"), Sequences.FULL);
      assertThat(padded.auxiliaryLosses().get("moh.balance").getFloat())
          .isCloseTo(cut.auxiliaryLosses().get("moh.balance").getFloat(), within(1e-6f));
    }
  }

  @Test
  void aRouterOverOtherHeadsIsRefused() {
    MohConfig config = config(4, 1, 2);
    assertThatThrownBy(() -> attention(config, 4, new HeadRouter(config(3, 1, 1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("weighs 3 heads")
        .hasMessageContaining("has 4");
  }

  private static double[] doubles(NDArray array) {
    return array.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  private static void near(NDArray actual, double[] expected) {
    double[] found = doubles(actual);
    assertThat(found).hasSameSizeAs(expected);
    double largest = 1e-2;
    for (double v : expected) {
      largest = Math.max(largest, Math.abs(v));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], within(1e-5 * largest));
    }
  }
}
