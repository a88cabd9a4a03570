package org.attentionzoo.blocks.papers.groupeddiffattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What groups of heads promise. */
class GroupedDifferentialAttentionTest {

  private static final int WIDTH = 24;

  private NDManager manager;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(7);
    x = manager.randomNormal(new Shape(2, 9, WIDTH));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static GroupedDifferentialConfig config(
      int heads, int noise, int keyValueHeads, boolean learned) {
    return new GroupedDifferentialConfig(WIDTH, heads, noise, keyValueHeads, 4, 10000, learned);
  }

  private <B extends ZooBlock> B shaken(B block) {
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(p -> p.getArray().addi(manager.randomNormal(p.getShape()).mul(0.3f)));
    return block;
  }

  private NDArray run(MixerBlock block) {
    return block.mix(Pass.inference(new ParameterStore(manager, false)), x, Sequences.FULL);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void groupsOfOneAreDifferentialAttention() {
    double start = 0.4;
    GroupedDifferentialAttention grouped =
        shaken(new GroupedDifferentialAttention(config(6, 3, 6, true), start));
    DifferentialAttention plain = new DifferentialAttention(WIDTH, start, 3, 3);
    plain.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> from = StateDict.of(grouped);
    StateDict.of(plain)
        .forEach(
            (name, p) -> {
              float[] values =
                  from.get(name.replace("out_proj", "o_proj")).getArray().toFloatArray();
              boolean rotated = name.equals("q_proj.weight") || name.equals("k_proj.weight");
              p.getArray().set(rotated ? neighbours(values) : values);
            });
    assertThat(distance(run(grouped), run(plain))).isLessThan(1e-5);
  }

  /** Rows of heads of 4 whose pairs are halves, to rows whose pairs are neighbours. */
  private static float[] neighbours(float[] rows) {
    float[] result = new float[rows.length];
    int[] order = {0, 2, 1, 3};
    for (int row = 0; row < rows.length / WIDTH; row++) {
      int source = row / 4 * 4 + order[row % 4];
      System.arraycopy(rows, source * WIDTH, result, row * WIDTH, WIDTH);
    }
    return result;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void growingChangesNothing(int factor) {
    GroupedDifferentialAttention small =
        shaken(new GroupedDifferentialAttention(config(8, 2, 4, true), 1));
    GroupedDifferentialAttention grown = small.grow(factor, manager);
    assertThat(StateDict.of(grown).get("q_proj.weight").getShape().get(0))
        .isEqualTo((6L * factor + 2) * 4);
    assertThat(distance(run(grown), run(small))).isLessThan(1e-5);
  }

  @Test
  void growingChangesNothingWithBiasesEither() {
    GroupedDifferentialConfig biased =
        new GroupedDifferentialConfig(WIDTH, 6, 2, 4, 4, 10000, true, true, true, 1e-3);
    GroupedDifferentialAttention small = shaken(new GroupedDifferentialAttention(biased, 1));
    GroupedDifferentialAttention grown = small.grow(3, manager);
    assertThat(StateDict.of(grown).get("q_proj.bias").getShape().get(0))
        .isEqualTo((4L * 3 + 2) * 4);
    assertThat(distance(run(grown), run(small))).isLessThan(1e-5);
  }

  @Test
  void withoutAFactorNoiseHeadsDoNotMatter() {
    GroupedDifferentialAttention block =
        shaken(new GroupedDifferentialAttention(config(4, 1, 2, false), 0.0));
    NDArray before = run(block);
    Parameter query = StateDict.of(block).get("q_proj.weight");
    NDArray noise = query.getArray().get("12:16");
    noise.addi(manager.randomNormal(noise.getShape()));
    assertThat(distance(run(block), before)).isZero();
    NDArray signal = query.getArray().get("8:12");
    signal.addi(manager.randomNormal(signal.getShape()));
    assertThat(distance(run(block), before)).isGreaterThan(1e-3);
  }

  @Test
  void ratiosThatAreNotWholeAreRefused() {
    assertThatThrownBy(() -> config(7, 2, 2, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("multiple of the noise heads; got 7 heads, 2 of them noise");
  }
}
