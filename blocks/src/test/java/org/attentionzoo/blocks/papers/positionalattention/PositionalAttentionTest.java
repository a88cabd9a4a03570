package org.attentionzoo.blocks.papers.positionalattention;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig.Mode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the paper promises of attention by position. */
class PositionalAttentionTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(4);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private <B extends ZooBlock> B shaken(B block) {
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(p -> p.getArray().addi(manager.randomNormal(p.getShape()).mul(0.3f)));
    return block;
  }

  private static PositionalConfig config(Mode mode) {
    return new PositionalConfig(1, 12, 1, 3, 2, 8, 2, mode, 7);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void thePatternIsTheSameForAllInputs() {
    PositionalAttention block = shaken(new PositionalAttention(config(Mode.POSITIONAL)));
    NDArray positions = manager.randomNormal(new Shape(6, 7));
    List<NDArray> patterns = new ArrayList<>();
    Taps taps = Taps.on(block).read("pattern", patterns::add);
    for (int i = 0; i < 2; i++) {
      NDArray x = manager.randomNormal(new Shape(2, 6, 12));
      block.forward(inference().with(taps), new NDList(x, positions));
    }
    assertThat(patterns.get(0)).isEqualTo(patterns.get(1));
    assertThat(patterns.get(0).getShape()).isEqualTo(new Shape(1, 3, 6, 6));
  }

  @Test
  void itIsAffineInTheHiddenStates() {
    PositionalAttention block = shaken(new PositionalAttention(config(Mode.POSITIONAL)));
    NDArray positions = manager.randomNormal(new Shape(6, 7));
    NDArray x = manager.randomNormal(new Shape(2, 6, 12));
    NDArray zero = block.attend(inference(), x.zerosLike(), positions);
    NDArray one = block.attend(inference(), x, positions).sub(zero);
    NDArray hundred = block.attend(inference(), x.mul(100), positions).sub(zero);
    assertThat(distance(hundred.div(100), one)).isLessThan(1e-5);
  }

  @Test
  void permutingTokensWithTheirPositionsPermutesOutputs() {
    PositionalTransformer block = shaken(new PositionalTransformer(config(Mode.POSITIONAL), 0));
    NDArray positions = manager.randomNormal(new Shape(6, 7));
    NDArray x = manager.randomNormal(new Shape(2, 6, 1));
    NDArray plain = block.forward(inference(), new NDList(x, positions)).head();
    NDArray flipped = block.forward(inference(), new NDList(x.flip(1), positions.flip(0))).head();
    assertThat(distance(flipped.flip(1), plain)).isLessThan(1e-5);
    assertThat(distance(block.forward(inference(), new NDList(x.flip(1), positions)).head(), plain))
        .isGreaterThan(1e-3);
  }

  @Test
  void aListIsItsTokensAndSpaceBehindThem() {
    for (Mode mode : Mode.values()) {
      PositionalConfig config =
          new PositionalConfig(mode == Mode.POSITIONAL ? 1 : 6, 12, 1, 3, 2, 8, 2, mode, 5);
      PositionalTransformer block = shaken(new PositionalTransformer(config, 1));
      NDArray lists = manager.randomNormal(new Shape(2, 4));
      NDArray tokens = lists.concat(manager.zeros(new Shape(2, 1)), 1).expandDims(2);
      NDArray identity = manager.eye(5);
      if (mode != Mode.POSITIONAL) {
        tokens = tokens.concat(identity.expandDims(0).repeat(0, 2), 2);
      }
      NDArray expected =
          block.forward(inference(), new NDList(tokens, identity)).head().get(":, :4, 0");
      assertThat(distance(block.forward(inference(), new NDList(lists)).head(), expected))
          .as("%s", mode)
          .isZero();
    }
  }
}
