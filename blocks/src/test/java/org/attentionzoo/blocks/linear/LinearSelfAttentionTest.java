package org.attentionzoo.blocks.linear;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionTransfer;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.linear.LinearSelfAttention.Stage;
import org.attentionzoo.blocks.positions.Rotary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinearSelfAttentionTest {

  private static final Rotary ROTARY = new Rotary(Rotary.Layout.HALF, 10_000);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static LinearSelfAttention block(Stage stage) {
    return new LinearSelfAttention(
        new LinearSelfAttention.Config(
            8,
            2,
            1,
            4,
            false,
            ROTARY,
            LinearAttentionConfig.mean(true),
            stage,
            new AttentionTransfer(1, 2),
            0.5),
        Features.HEDGEHOG);
  }

  private void copy(ZooBlock from, ZooBlock to) {
    Map<String, Parameter> source = StateDict.of(from);
    StateDict.of(to)
        .forEach(
            (name, parameter) -> {
              if (source.containsKey(name)) {
                source.get(name).getArray().copyTo(parameter.getArray());
              }
            });
  }

  private Pass pass() {
    return Pass.training(new ParameterStore(manager, false));
  }

  @Test
  void beforeTheConversionItGivesWhatTheTrainedAttentionGives() {
    MultiHeadAttention trained =
        new MultiHeadAttention(AttentionConfig.causal(8, 2, ROTARY).grouped(1));
    trained.initialize(manager, DataType.FLOAT32);
    NDArray hidden = manager.randomNormal(new Shape(2, 9, 8));
    boolean[] keep = new boolean[18];
    java.util.Arrays.fill(keep, 2, 16, true);
    for (NDArray valid : new NDArray[] {null, manager.create(keep, new Shape(2, 9))}) {
      Sequences sequences = Sequences.padded(valid);
      NDArray expected = trained.mix(pass(), hidden, sequences);
      for (Stage stage : List.of(Stage.SOFTMAX, Stage.TRANSFER)) {
        LinearSelfAttention converted = block(stage);
        converted.initialize(manager, DataType.FLOAT32);
        copy(trained, converted);
        NDArray actual = converted.mix(pass(), hidden, sequences);
        NDArray difference = actual.sub(expected).abs();
        if (valid != null) {
          difference = difference.mul(valid.toType(DataType.FLOAT32, false).expandDims(2));
        }
        assertThat(difference.max().getFloat()).as("%s", stage).isLessThan(1e-6f);
      }
    }
  }

  @Test
  void theLossMovesTheFeatureMapsAndVanishesForNoOtherReason() {
    LinearSelfAttention block = block(Stage.TRANSFER);
    block.initialize(manager, DataType.FLOAT32);
    NDArray hidden = manager.randomNormal(new Shape(2, 9, 8)).mul(3);
    float before = 0;
    float after = 0;
    for (int step = 0; step < 60; step++) {
      try (GradientMode ignored = GradientMode.on()) {
        Pass pass = pass();
        block.forward(pass, new NDList(hidden));
        NDArray loss = pass.auxiliaryLosses().get("transfer");
        after = loss.getFloat();
        before = step == 0 ? after : before;
        BackwardPass.from(loss);
      }
      try (GradientMode ignored = GradientMode.off()) {
        StateDict.of(block)
            .forEach(
                (name, parameter) -> {
                  if (name.startsWith("feature_map")) {
                    NDArray value = parameter.getArray();
                    value.subi(value.getGradient().mul(0.5));
                  }
                  parameter.getArray().getGradient().muli(0);
                });
      }
    }
    assertThat(after).isLessThan(before * 0.98f);
  }

  @Test
  void theLossIsThatOfTheEquations() {
    LinearSelfAttention block = block(Stage.TRANSFER);
    block.initialize(manager, DataType.FLOAT32);
    NDArray hidden = manager.randomNormal(new Shape(1, 5, 8));
    LinearSelfAttention.Transfer transfer = block.transfer(pass(), hidden, Sequences.FULL);
    float[] actual = transfer.weights().toFloatArray();
    float[] teacher = transfer.teacher().toFloatArray();
    double crossEntropy = 0;
    for (int i = 0; i < actual.length; i++) {
      crossEntropy -= teacher[i] == 0 ? 0 : teacher[i] * Math.log(actual[i]);
    }
    float[] y = transfer.outputs().toFloatArray();
    float[] t = transfer.teacherOutputs().toFloatArray();
    double squares = 0;
    for (int i = 0; i < y.length; i++) {
      squares += (y[i] - t[i]) * (y[i] - t[i]);
    }
    double expected = crossEntropy / (2 * 5) + 2 * squares / y.length;
    assertThat((double) transfer.loss().getFloat())
        .isCloseTo(expected, org.assertj.core.api.Assertions.within(1e-5));
  }

  @Test
  void itTellsHowFarItsWeightsAreFromSoftmax() {
    for (Stage stage : Stage.values()) {
      LinearSelfAttention block = block(stage);
      block.initialize(manager, DataType.FLOAT32);
      List<double[]> heard = new ArrayList<>();
      var measurement = block.measurements().get(0);
      Taps taps =
          Taps.on(block)
              .read(
                  LinearSelfAttention.FIDELITY,
                  x ->
                      heard.add(
                          measurement
                              .reduce()
                              .apply(x)
                              .toType(DataType.FLOAT64, true)
                              .toDoubleArray()));
      block.forward(pass().with(taps), new NDList(manager.randomNormal(new Shape(2, 9, 8)).mul(3)));
      Map<String, Double> figures = measurement.report().apply(heard.get(0));
      assertThat(figures.get("divergence")).isPositive();
      assertThat(figures.get("entropy")).isGreaterThan(figures.get("softmax_entropy"));
      assertThat(figures.get("entropy")).isLessThan(Math.log(9));
    }
  }
}
