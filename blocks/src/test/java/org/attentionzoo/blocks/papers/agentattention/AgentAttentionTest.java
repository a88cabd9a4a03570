package org.attentionzoo.blocks.papers.agentattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.vision.Resampling;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentAttentionTest {

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

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private AgentAttention attention(AgentConfig config) {
    AgentAttention block = new AgentAttention(config);
    block.initialize(manager, DataType.FLOAT64);
    StateDict.of(block)
        .values()
        .forEach(
            p ->
                p.getArray()
                    .addi(
                        manager
                            .randomNormal(0, 0.3f, p.getShape(), DataType.FLOAT32)
                            .toType(DataType.FLOAT64, true)));
    return block;
  }

  private NDArray normal(long... shape) {
    return manager.randomNormal(new Shape(shape)).toType(DataType.FLOAT64, true);
  }

  private static double distance(NDArray a, NDArray b) {
    assertThat(a.getShape()).isEqualTo(b.getShape());
    return a.sub(b).abs().max().getDouble();
  }

  @Test
  void bothPatternsHaveRowsThatSumToOne() {
    AgentAttention block = attention(AgentConfig.deit(12, 3, 4, 5));
    Map<String, NDArray> seen = new LinkedHashMap<>();
    Taps taps =
        Taps.on(block)
            .read("agent_pattern", x -> seen.put("agent", x))
            .read("query_pattern", x -> seen.put("query", x));
    block.forward(pass().with(taps), new NDList(normal(2, 26, 12)));
    assertThat(seen.get("agent").getShape()).isEqualTo(new Shape(2, 3, 4, 26));
    assertThat(seen.get("query").getShape()).isEqualTo(new Shape(2, 3, 26, 4));
    for (NDArray pattern : seen.values()) {
      NDArray rows = pattern.sum(new int[] {3});
      assertThat(distance(rows, rows.onesLike())).isLessThan(1e-12);
    }
  }

  /** Sigma(Q Q^T) sigma(Q K^T) V when each token is its own agent. */
  @Test
  void asManyAgentsAsTokensAreTheQueriesThemselves() {
    AgentConfig config = new AgentConfig(4, 1, 9, 3, false, 0, false, false, false);
    AgentAttention block = attention(config);
    NDArray x = normal(1, 9, 4);
    NDArray all = x.matMul(StateDict.of(block).get("qkv.weight").getArray().transpose());
    NDArray q = all.get("..., :4");
    NDArray k = all.get("..., 4:8");
    NDArray v = all.get("..., 8:");
    NDArray gathered = q.matMul(k.swapAxes(1, 2)).mul(0.5).softmax(-1).matMul(v);
    NDArray read = q.matMul(q.swapAxes(1, 2)).mul(0.5).softmax(-1).matMul(gathered);
    NDArray expected =
        read.matMul(StateDict.of(block).get("proj.weight").getArray().transpose())
            .add(StateDict.of(block).get("proj.bias").getArray());
    assertThat(distance(block.mix(pass(), x, Sequences.FULL), expected)).isLessThan(1e-12);
  }

  @Test
  void oneAgentTellsEveryTokenTheSame() {
    AgentConfig config = new AgentConfig(6, 2, 1, 3, true, 0, true, false, false);
    NDArray out = attention(config).mix(pass(), normal(2, 10, 6), Sequences.FULL);
    NDArray first = out.get(":, :1").broadcast(out.getShape());
    assertThat(distance(out, first)).isLessThan(1e-12);
  }

  @ParameterizedTest
  @CsvSource({"7, 3", "7, 7", "5, 2", "4, 4", "10, 3", "3, 7", "1, 4", "6, 1"})
  void meansAreThoseOfPyTorchsWindows(int from, int to) {
    NDArray matrix = Resampling.adaptiveMean(manager.create(0d), from, to);
    for (int i = 0; i < to; i++) {
      int start = i * from / to;
      int end = ((i + 1) * from + to - 1) / to;
      for (int j = 0; j < from; j++) {
        double expected = j >= start && j < end ? 1.0 / (end - start) : 0;
        assertThat(matrix.getDouble(i, j)).isEqualTo(expected, within(1e-7));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"7, 14", "7, 5", "7, 7", "5, 10", "1, 3", "2, 9"})
  void interpolationIsThatOfPyTorch(int from, int to) {
    NDArray matrix = Resampling.linear(manager.create(0d), from, to);
    for (int i = 0; i < to; i++) {
      double place = Math.max(0, (i + 0.5) * from / to - 0.5);
      int low = Math.min((int) place, from - 1);
      int high = Math.min(low + 1, from - 1);
      double part = Math.min(place, from - 1) - low;
      double[] expected = new double[from];
      expected[low] += 1 - part;
      expected[high] += part;
      for (int j = 0; j < from; j++) {
        assertThat(matrix.getDouble(i, j)).isEqualTo(expected[j], within(1e-6));
      }
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double distance) {
    return org.assertj.core.api.Assertions.within(distance);
  }

  @Test
  void refusesWhatIsNoSquare() {
    assertThatThrownBy(() -> AgentConfig.deit(12, 3, 5, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("square");
  }
}
