package org.attentionzoo.blocks.papers.dsf;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.systems.DynamicalSystem;
import org.attentionzoo.blocks.systems.TimeVaryingSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DynamicalSystemTest {

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

  private NDArray normal(long... shape) {
    return manager.randomNormal(new Shape(shape)).toType(DataType.FLOAT64, true);
  }

  private static double distance(NDArray a, NDArray b) {
    assertThat(a.getShape()).isEqualTo(b.getShape());
    return a.sub(b).abs().max().getDouble();
  }

  static Stream<Arguments> mixers() {
    return Stream.of(
        mixer("linear attention", () -> SeparableAttention.linear(6, 2, 4)),
        mixer("normalised attention", () -> SeparableAttention.normalised(6, 3, 4)),
        mixer("S6", () -> new SelectiveStateSpace(6, 3)),
        mixer("quasi LSTM", () -> new QuasiLstm(6, false)),
        mixer("quasi LSTM, reversed", () -> new QuasiLstm(6, true)));
  }

  private static Arguments mixer(String name, Supplier<DynamicalSystem> factory) {
    return Arguments.of(name, factory);
  }

  /**
   * Attention, state-space model and recurrent network are one form: layer = recurrence = Phi u.
   */
  @ParameterizedTest(name = "{0}")
  @MethodSource("mixers")
  void theCommonFormGivesTheLayersOutput(String name, Supplier<DynamicalSystem> factory) {
    DynamicalSystem mixer = factory.get();
    mixer.initialize(manager, DataType.FLOAT64);
    NDArray x = normal(2, 7, 6);
    NDArray layer = mixer.inner(pass(), x);
    TimeVaryingSystem system = mixer.system(pass(), x);
    assertThat(distance(system.recur(), layer)).isLessThan(1e-11);
    assertThat(distance(system.applyKernel(), layer)).isLessThan(1e-11);
    NDArray kernel = system.kernel();
    for (int i = 0; i < 7; i++) {
      for (int j = i + 1; j < 7; j++) {
        assertThat(kernel.get(":, :, " + i + ", " + j).abs().max().getDouble()).isZero();
      }
    }
    assertThat(kernel.abs().max().getDouble()).isGreaterThan(1e-3);
  }

  @Test
  void theReversedSigmoidIsTheDecayOfAStateSpaceModel() {
    NDArray z = normal(50).mul(3);
    NDArray decay = Activation.softPlus(z).mul(-0.7).exp();
    assertThat(distance(decay, Activation.sigmoid(z.neg()).pow(0.7))).isLessThan(1e-12);
  }

  /** Without normaliser and without decay both are sums of c_i . b_j u_j. */
  @Test
  void linearAttentionIsAStateSpaceModelThatForgetsNothing() {
    SeparableAttention attention = SeparableAttention.normalised(6, 1, 4);
    attention.initialize(manager, DataType.FLOAT64);
    StateDict.of(attention).get("Wn.weight").getArray().muli(0);
    StateDict.of(attention).get("Wn.bias").getArray().muli(0);
    NDArray x = normal(1, 5, 6);
    TimeVaryingSystem system = attention.system(pass(), x);
    assertThat(distance(system.transition(), system.transition().onesLike())).isZero();
    TimeVaryingSystem stateSpace =
        new TimeVaryingSystem(
            system.transition().onesLike(), system.input(), system.output(), null, system.signal());
    assertThat(distance(stateSpace.recur(), attention.inner(pass(), x))).isLessThan(1e-12);
  }

  /** Values scale outputs, but for the recurrent network, whose gates see the input. */
  @Test
  void attentionIsLinearInItsValues() {
    SeparableAttention attention = SeparableAttention.linear(6, 2, 4);
    attention.initialize(manager, DataType.FLOAT64);
    NDArray x = normal(1, 5, 6);
    NDArray once = attention.inner(pass(), x);
    StateDict.of(attention).get("Wv.weight").getArray().muli(2);
    StateDict.of(attention).get("Wv.bias").getArray().muli(2);
    assertThat(distance(attention.inner(pass(), x), once.mul(2))).isLessThan(1e-12);
  }
}
