package org.attentionzoo.blocks.papers.terminator;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TerminatorTest {

  private static final SlowNetConfig SLOW = new SlowNetConfig(5, 2, 0.1);

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

  private static SfneConfig config(int channels, int factor, int earlier) {
    return new SfneConfig(
        channels, factor, earlier, 6, SLOW, SLOW, List.of(3, 5, 7, 3), SLOW, SLOW, SLOW, 0);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void theGlobalKernelDoesNotDependOnTheInput() {
    SfneBlock block = new SfneBlock(config(6, 2, 0));
    block.initialize(manager, DataType.FLOAT32);
    NDArray one = manager.randomNormal(new Shape(2, 6, 6, 6));
    NDArray other = manager.randomNormal(new Shape(3, 6, 6, 6));
    NDArray kernel = block.forward(pass(), new NDList(one)).get(1);
    assertThat(kernel.getShape()).isEqualTo(new Shape(1, 6, 6, 6));
    assertThat(distance(kernel, block.forward(pass(), new NDList(other)).get(1))).isZero();
  }

  @Test
  void standardizedMapsHaveMeanZeroAndVarianceOne() {
    NDArray x = manager.randomNormal(3, 2, new Shape(4, 24, 5, 5), DataType.FLOAT32);
    NDArray image = Standardize.instance(x).reshape(96, 25);
    NDArray channel = Standardize.batch(x).transpose(1, 0, 2, 3).reshape(24, 100);
    for (NDArray rows : List.of(image, channel)) {
      assertThat(rows.mean(new int[] {1}).abs().max().getFloat()).isLessThan(1e-5f);
      NDArray variance = rows.square().mean(new int[] {1});
      assertThat(distance(variance, variance.onesLike())).isLessThan(1e-3);
    }
    NDArray mean = Standardize.groups(x).transpose(1, 0, 2, 3).reshape(24, 100);
    assertThat(mean.mean(new int[] {1}).abs().max().getFloat()).isLessThan(1e-5f);
  }

  @Test
  void blocksWithOneKernelHaveNoSlowLoss() {
    Terminator one = new Terminator(List.of(config(6, 2, 0)), 3, 1);
    one.initialize(manager, DataType.FLOAT32);
    NDArray x = manager.randomNormal(new Shape(2, 6, 6, 6));
    assertThat(one.classify(pass(), x).get(1).getFloat()).isZero();
    Terminator two = new Terminator(List.of(config(6, 2, 0), config(12, 1, 0)), 3, 1);
    two.initialize(manager, DataType.FLOAT32);
    assertThat(two.classify(pass(), x).get(1).getFloat()).isPositive();
    Pass training = Pass.training(new ParameterStore(manager, false));
    two.forward(training, x);
    assertThat(training.auxiliaryLosses()).containsKey("terminator.slow");
  }

  /** Three steps by hand: signs of g, m1 and m2, the means changed afterwards. */
  @Test
  void kar3MovesByThreeSigns() {
    Kar3 rule = new Kar3(new Shape(2), 0.1, 0.5, 0.95);
    rule.initialize(manager, DataType.FLOAT32);
    NDArray gradients = manager.create(new float[] {1, 0, -4, 2, 0, 0}, new Shape(3, 2));
    NDArray path = rule.forward(pass(), new NDList(gradients)).head();
    // first weight: -0.1; then g -, m1 +, m2 +: -0.2; then g 0, m1 -1.75 -, m2 -0.1525 -: 0.0
    float[] expected = {-0.1f, 0, -0.2f, -0.1f, 0, -0.3f};
    assertThat(distance(path, manager.create(expected, new Shape(3, 2)))).isLessThan(1e-6);
  }
}
