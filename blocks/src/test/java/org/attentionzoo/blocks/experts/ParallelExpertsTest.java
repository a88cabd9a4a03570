package org.attentionzoo.blocks.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ParallelExpertsTest {

  private static final int TOKENS = 13;
  private static final int EXPERTS = 5;
  private static final int CHOSEN = 2;
  private static final int IN = 4;
  private static final int OUT = 3;

  private final NDManager manager = NDManager.newBaseManager();
  private NDArray x;
  private NDArray experts;
  private NDArray gates;
  private NDArray weight;
  private NDArray cotangent;

  @BeforeEach
  void inputs() {
    Engine.getInstance().setRandomSeed(3);
    x = manager.randomNormal(new Shape(TOKENS, CHOSEN, IN));
    // Expert 4 is never chosen.
    experts = manager.randomNormal(new Shape(TOKENS, EXPERTS - 1)).topK(CHOSEN, 1).get(1);
    gates = manager.randomNormal(new Shape(TOKENS, CHOSEN));
    weight = manager.randomNormal(new Shape(EXPERTS, IN, OUT));
    cotangent = manager.randomNormal(new Shape(TOKENS, OUT));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsALoopOverTokensWithGradients() {
    double[] output = new double[TOKENS * OUT];
    double[] gateGradient = new double[TOKENS * CHOSEN];
    double[] inputGradient = new double[TOKENS * CHOSEN * IN];
    double[] weightGradient = new double[EXPERTS * IN * OUT];
    float[] xs = x.toFloatArray();
    long[] chosen = experts.toLongArray();
    float[] gate = gates.toFloatArray();
    float[] w = weight.toFloatArray();
    float[] c = cotangent.toFloatArray();
    for (int n = 0; n < TOKENS; n++) {
      for (int j = 0; j < CHOSEN; j++) {
        int pair = n * CHOSEN + j;
        int expert = (int) chosen[pair];
        for (int o = 0; o < OUT; o++) {
          for (int i = 0; i < IN; i++) {
            double entry = w[(expert * IN + i) * OUT + o];
            double in = xs[pair * IN + i];
            double slope = c[n * OUT + o];
            output[n * OUT + o] += gate[pair] * in * entry;
            gateGradient[pair] += in * entry * slope;
            inputGradient[pair * IN + i] += gate[pair] * entry * slope;
            weightGradient[(expert * IN + i) * OUT + o] += gate[pair] * in * slope;
          }
        }
      }
    }
    x.setRequiresGradient(true);
    gates.setRequiresGradient(true);
    weight.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = ParallelExperts.fastReduce(x, experts, gates, weight, null);
      assertClose(y, output);
      collector.backward(y.mul(cotangent).sum());
    }
    assertClose(x.getGradient(), inputGradient);
    assertClose(gates.getGradient(), gateGradient);
    assertClose(weight.getGradient(), weightGradient);
  }

  @Test
  void aFullExpertTakesTheFirstTokensOnly() {
    NDArray to = manager.create(new long[] {1, 0, 1, 2, 1, 0, 0, 2}, new Shape(4, 2));
    NDArray ones = manager.ones(new Shape(4, 2));
    Assignment limited = new Assignment(to, ones).limited(3, 2);
    assertThat(limited.gates().toFloatArray()).containsExactly(1, 1, 1, 1, 0, 1, 0, 1);
    assertThat(limited.load(3).toFloatArray()).containsExactly(3, 3, 2);
  }

  @Test
  void onlyTheLastExpertsLearnIfAskedTo() {
    ParallelExperts block = new ParallelExperts(EXPERTS, IN, OUT, true, 2);
    block.initialize(manager, DataType.FLOAT32);
    NDArray tokens = x.get(":, 0");
    NDArray all =
        manager.arange(0, EXPERTS, 1, DataType.INT64).reshape(1, EXPERTS).repeat(0, TOKENS);
    for (boolean kernels : new boolean[] {true, false}) {
      Parameter weights = StateDict.of(block).get("weight");
      weights.getArray().setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        Pass pass = Pass.training(new ParameterStore(manager, false));
        pass = kernels ? pass : pass.onPlainPath();
        collector.backward(block.map(pass, tokens, all).square().sum());
      }
      NDArray slope = weights.getArray().getGradient();
      assertThat(slope.get(":3").abs().sum().getFloat()).isZero();
      assertThat(slope.get("3:").abs().min().getFloat()).isPositive();
    }
  }

  private static void assertClose(NDArray actual, double[] expected) {
    float[] values = actual.toFloatArray();
    assertThat(values).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) values[i]).isCloseTo(expected[i], within(1e-5));
    }
  }
}
