package org.attentionzoo.blocks.papers.selectiveselfattention;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.selectiveselfattention.Temperature.Token;
import org.attentionzoo.blocks.positions.Rotary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The limiting settings of selective self-attention. */
class SelectiveSelfAttentionTest {

  private static final AttentionConfig CONFIG =
      AttentionConfig.causal(16, 4, new Rotary(Rotary.Layout.HALF, 100));

  private NDManager manager;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(6);
    x = manager.randomNormal(new Shape(2, 9, 16));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private MultiHeadAttention attention(AttentionParts parts) {
    MultiHeadAttention block = new MultiHeadAttention(CONFIG, null, parts);
    JniUtils.setSeed(1);
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private MultiHeadAttention selective(Token queries, Token values, boolean position) {
    return attention(
        AttentionParts.scaled(
            new Temperature(new Temperature.Config(16, 4, 4, queries, values, position))));
  }

  private static void copy(MultiHeadAttention from, MultiHeadAttention to) {
    Map<String, Parameter> source = StateDict.of(from);
    StateDict.of(to)
        .forEach(
            (name, p) -> {
              if (source.containsKey(name)) {
                p.getArray().set(source.get(name).getArray().toFloatArray());
              }
            });
  }

  private static void fill(MultiHeadAttention block, String name, float value) {
    Parameter parameter = StateDict.of(block).get(name);
    float[] values = new float[(int) parameter.getShape().size()];
    java.util.Arrays.fill(values, value);
    parameter.getArray().set(values);
  }

  private NDArray run(MultiHeadAttention block) {
    return block.mix(Pass.inference(new ParameterStore(manager, false)), x, Sequences.FULL);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void tokensStartAtTheTemperatureOfPlainAttention() {
    MultiHeadAttention plain = attention(AttentionParts.PLAIN);
    for (Token token : new Token[] {Token.SHARED, Token.NETWORK}) {
      MultiHeadAttention block = selective(token, token, false);
      copy(plain, block);
      assertThat(distance(run(block), run(plain))).as("%s", token).isLessThan(1e-6);
    }
  }

  @Test
  void aLargeBetaIsPlainAttentionAndTheFirstTokenIsNeverChanged() {
    MultiHeadAttention plain = attention(AttentionParts.PLAIN);
    MultiHeadAttention block = selective(Token.NONE, Token.NONE, true);
    copy(plain, block);
    fill(block, "temperature.beta", -2);
    assertThat(distance(run(block), run(plain))).isGreaterThan(1e-3);
    assertThat(distance(run(block).get(":, :1"), run(plain).get(":, :1"))).isLessThan(1e-6);
    fill(block, "temperature.beta", 9);
    assertThat(distance(run(block), run(plain))).isLessThan(1e-6);
  }

  @Test
  void temperatureZeroOfQueriesIsUniformAndOfValuesRemovesThem() {
    MultiHeadAttention block = selective(Token.NETWORK, Token.NETWORK, false);
    // gelu of a large bias, times a large negative weight: tanh is -1.
    fill(block, "temperature.query_network.in.bias", 100);
    fill(block, "temperature.query_network.out.weight", -100);
    NDArray[] pattern = new NDArray[1];
    Taps taps = Taps.on(block).read("pattern", p -> pattern[0] = p);
    Pass pass = Pass.inference(new ParameterStore(manager, false)).with(taps);
    block.mix(pass, x, Sequences.FULL);
    NDArray counts = manager.arange(1f, 10f, 1f).reshape(9, 1);
    NDArray seen = counts.transpose().lte(counts).toType(DataType.FLOAT32, false);
    NDArray expected = seen.div(counts);
    assertThat(distance(pattern[0], expected)).isLessThan(1e-6);
    assertThat(distance(Spikiness.of(pattern[0]), counts.div(9).squeeze(1))).isLessThan(1e-5);
    fill(block, "temperature.value_network.in.bias", 100);
    fill(block, "temperature.value_network.out.weight", -100);
    assertThat(run(block).abs().max().getFloat()).isZero();
  }

  @Test
  void sharedTemperaturesAddLittle() {
    AttentionConfig wide = AttentionConfig.causal(256, 4, null);
    Temperature.Config config =
        new Temperature.Config(256, 4, 64, Token.SHARED, Token.SHARED, true);
    long plain = size(new MultiHeadAttention(wide, null, AttentionParts.PLAIN));
    long all =
        size(new MultiHeadAttention(wide, null, AttentionParts.scaled(new Temperature(config))));
    // A layer's feed-forward network has at least twice the attention's parameters.
    assertThat((all - plain) / (3.0 * plain)).isLessThan(0.005);
  }

  private static long size(MultiHeadAttention block) {
    return StateDict.of(block).values().stream().mapToLong(p -> p.getShape().size()).sum();
  }
}
