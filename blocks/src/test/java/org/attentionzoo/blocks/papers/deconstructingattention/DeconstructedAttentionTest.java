package org.attentionzoo.blocks.papers.deconstructingattention;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deconstructingattention.DeconstructedConfig.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What each variant gives up, and what it keeps. */
class DeconstructedAttentionTest {

  private static final int LENGTH = 9;
  private static final int WIDTH = 12;
  private static final int HEADS = 3;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(12);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private <B extends ZooBlock> B made(B block) {
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(
            p -> {
              if (p.requiresGradient()) {
                p.getArray().addi(manager.randomNormal(p.getShape()).mul(0.3f));
              }
            });
    return block;
  }

  private DeconstructedLanguageModel model(Variant variant, Pattern pattern) {
    return made(
        new DeconstructedLanguageModel(
            new DeconstructedConfig(11, WIDTH, 3, 20, HEADS, variant, pattern, 16, 1, 10000)));
  }

  private NDArray tokens() {
    return manager.randomInteger(0, 11, new Shape(2, LENGTH), DataType.INT64);
  }

  private List<NDArray> patterns(DeconstructedLanguageModel model, NDArray tokens) {
    List<NDArray> heard = new ArrayList<>();
    Taps taps = Taps.on(model).read("layers.*.self_attn.pattern", heard::add);
    model.forward(inference().with(taps), new NDList(tokens));
    return heard;
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void theNetworkSeesNoOtherToken() {
    DeconstructedLanguageModel model = model(Variant.MLP, Pattern.UNIFORM);
    NDArray tokens = tokens();
    NDArray whole = model.forward(inference(), new NDList(tokens)).head();
    NDArray last = model.forward(inference(), new NDList(tokens.get(":, {}:", LENGTH - 1))).head();
    assertThat(distance(last, whole.get(":, {}:", LENGTH - 1))).isLessThan(1e-5);
  }

  @ParameterizedTest
  @EnumSource(
      value = Variant.class,
      names = {"RNDQK", "FIXEDQK"})
  void patternsOfAFixedStreamAreTheSameForAllTexts(Variant variant) {
    DeconstructedLanguageModel model = model(variant, Pattern.UNIFORM);
    List<NDArray> one = patterns(model, tokens());
    List<NDArray> other = patterns(model, tokens());
    assertThat(one).hasSize(3);
    for (int layer = 0; layer < 3; layer++) {
      assertThat(distance(one.get(layer), other.get(layer))).as("layer %s", layer).isZero();
      assertThat(distance(one.get(layer).get("0"), one.get(layer).get("1"))).isZero();
    }
    assertThat(
            distance(
                patterns(model(Variant.STANDARD, Pattern.UNIFORM), tokens()).get(0), one.get(0)))
        .isGreaterThan(1e-3);
  }

  @Test
  void theFixedStreamIsTheEmbeddingsOfItsText() {
    DeconstructedLanguageModel model = model(Variant.FIXEDQK, Pattern.UNIFORM);
    NDArray tokens = tokens();
    NDArray before = patterns(model, tokens).get(0);
    model.setFixedText(new long[16]);
    assertThat(distance(patterns(model, tokens).get(0), before)).isGreaterThan(1e-3);
    assertThatThrownBy(() -> model.setFixedText(new long[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs 16 tokens; got 3");
    NDArray longer = manager.zeros(new Shape(1, 17), DataType.INT64);
    assertThatThrownBy(() -> model.forward(inference(), new NDList(longer)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vectors for 16 tokens; got 17");
  }

  @Test
  void staticPatternsDoNotDependOnWhatEarlierLayersMade() {
    DeconstructedLanguageModel model = model(Variant.STATICQK, Pattern.UNIFORM);
    NDArray tokens = tokens();
    List<NDArray> before = patterns(model, tokens);
    Parameter down = StateDict.of(model).get("layers.0.mlp.down_proj.weight");
    down.getArray().addi(manager.randomNormal(down.getShape()));
    List<NDArray> after = patterns(model, tokens);
    for (int layer = 0; layer < 3; layer++) {
      assertThat(distance(after.get(layer), before.get(layer))).as("layer %s", layer).isZero();
    }
  }

  @Test
  void aHybridIsStandardInItsEvenLayersAndSkippingLeavesOnlyThose() {
    DeconstructedLanguageModel hybrid = model(Variant.MLP, Pattern.HYBRID);
    assertThat(StateDict.of(hybrid))
        .containsKeys(
            "layers.0.self_attn.gate_proj.weight",
            "layers.1.self_attn.q_proj.weight",
            "layers.2.self_attn.gate_proj.weight");
    DeconstructedLanguageModel skip = model(Variant.MLP, Pattern.SKIP);
    Map<String, Parameter> from = StateDict.of(hybrid);
    StateDict.of(skip)
        .forEach((name, p) -> p.getArray().set(from.get(name).getArray().toFloatArray()));
    NDArray tokens = tokens();
    NDArray before = skip.forward(inference(), new NDList(tokens)).head();
    Parameter gone = StateDict.of(skip).get("layers.0.mlp.down_proj.weight");
    gone.getArray().addi(manager.randomNormal(gone.getShape()));
    assertThat(distance(skip.forward(inference(), new NDList(tokens)).head(), before)).isZero();
  }

  /** The running sums by which a token is decoded at constant cost. */
  @ParameterizedTest
  @EnumSource(
      value = Variant.class,
      names = {"TAYLOR2", "SELFGATE"})
  void theRecurrentFormIsTheParallelOne(Variant variant) {
    DeconstructedAttention block =
        made(new DeconstructedAttention(WIDTH, HEADS, variant, 16, null));
    NDArray x = manager.randomNormal(new Shape(1, LENGTH, WIDTH));
    NDList results = block.forward(inference(), new NDList(x));
    Map<String, Parameter> weights = StateDict.of(block);
    int d = WIDTH / HEADS;
    double[][] q = rows(x, weights.get("q_proj.weight"));
    double[][] k = rows(x, weights.get("k_proj.weight"));
    double[][] v = rows(x, weights.get("v_proj.weight"));
    double[][] merged = new double[LENGTH][WIDTH];
    for (int h = 0; h < HEADS; h++) {
      int features = variant == Variant.TAYLOR2 ? 1 + d + d * d : 1;
      double[] normaliser = new double[features];
      double[][] state = new double[features][d];
      for (int t = 0; t < LENGTH; t++) {
        double[] keys = features(variant, q[t], k[t], h * d, d, true);
        double[] queries = features(variant, q[t], k[t], h * d, d, false);
        double sum = 0;
        for (int f = 0; f < features; f++) {
          normaliser[f] += keys[f];
          sum += queries[f] * normaliser[f];
          for (int i = 0; i < d; i++) {
            state[f][i] += keys[f] * v[t][h * d + i];
            merged[t][h * d + i] += queries[f] * state[f][i];
          }
        }
        for (int i = 0; i < d; i++) {
          merged[t][h * d + i] /= sum;
        }
      }
    }
    float[] output = weights.get("o_proj.weight").getArray().toFloatArray();
    for (int t = 0; t < LENGTH; t++) {
      for (int i = 0; i < WIDTH; i++) {
        double expected = 0;
        for (int j = 0; j < WIDTH; j++) {
          expected += output[i * WIDTH + j] * merged[t][j];
        }
        assertThat((double) results.get(0).getFloat(0, t, i)).isCloseTo(expected, within(1e-4));
      }
    }
    assertThat(results.get(1).min().getFloat()).isNotNegative();
  }

  /** 1 + x + x^2/2 = phi(q) . phi(k); the self-gated form has exp(s) and 1. */
  private static double[] features(
      Variant variant, double[] q, double[] k, int from, int d, boolean ofKey) {
    if (variant == Variant.SELFGATE) {
      double score = 0;
      for (int i = from; i < from + d; i++) {
        score += q[i] / (1 + Math.exp(-q[i])) * k[i] / Math.sqrt(d);
      }
      return new double[] {ofKey ? Math.exp(score) : 1};
    }
    double[] source = ofKey ? k : q;
    double[] result = new double[1 + d + d * d];
    result[0] = 1;
    double scale = Math.pow(d, -0.25);
    for (int i = 0; i < d; i++) {
      result[1 + i] = source[from + i] * scale;
      for (int j = 0; j < d; j++) {
        result[1 + d + i * d + j] =
            source[from + i] * source[from + j] * scale * scale / Math.sqrt(2);
      }
    }
    return result;
  }

  private static double[][] rows(NDArray x, Parameter weight) {
    float[] values = x.toFloatArray();
    float[] matrix = weight.getArray().toFloatArray();
    double[][] rows = new double[LENGTH][WIDTH];
    for (int t = 0; t < LENGTH; t++) {
      for (int i = 0; i < WIDTH; i++) {
        for (int j = 0; j < WIDTH; j++) {
          rows[t][i] += matrix[i * WIDTH + j] * values[t * WIDTH + j];
        }
      }
    }
    return rows;
  }

  @Test
  void indicatorsOfUniformAndOfOwnAttention() {
    NDArray own = manager.eye(4).reshape(1, 1, 4, 4).repeat(1, 2);
    assertThat(PatternIndicators.entropy(own)).isCloseTo(0, within(1e-6));
    assertThat(PatternIndicators.concentration(own)).isCloseTo(2, within(1e-6));
    assertThat(PatternIndicators.headDiversity(own)).isZero();
    assertThat(PatternIndicators.sink(own)).isCloseTo(0.25, within(1e-6));
    assertThat(PatternIndicators.localFocus(own, 0)).isCloseTo(1, within(1e-6));
    assertThat(PatternIndicators.localFocus(own, 1)).isZero();
    NDArray counts = manager.arange(1f, 5f, 1f).reshape(4, 1);
    NDArray uniform = counts.transpose().lte(counts).toType(DataType.FLOAT32, false).div(counts);
    NDArray both = own.get("0, 0").expandDims(0).concat(uniform.expandDims(0), 0).expandDims(0);
    assertThat(PatternIndicators.entropy(both.get(":, 1:")))
        .isCloseTo((Math.log(2) + Math.log(3) + Math.log(4)) / 4, within(1e-6));
    // Half of the sum of all differences, over 10 places.
    assertThat(PatternIndicators.headDiversity(both))
        .isCloseTo(
            both.get("0, 0").sub(both.get("0, 1")).abs().sum().getFloat() / 2 / 10, within(1e-6));
  }
}
