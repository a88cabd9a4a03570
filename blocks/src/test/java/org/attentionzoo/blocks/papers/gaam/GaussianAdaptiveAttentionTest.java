package org.attentionzoo.blocks.papers.gaam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Gaussian weights promise. */
class GaussianAdaptiveAttentionTest {

  private NDManager manager;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(8);
    x = manager.randomNormal(new Shape(3, 13, 5)).mul(2).add(1);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private <B extends ZooBlock> B made(B block, boolean offsets) {
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .forEach(
            (name, p) -> {
              if (name.endsWith("mean_offsets") && offsets) {
                p.getArray().set(manager.randomNormal(p.getShape()).toFloatArray());
              } else if (offsets) {
                // Wide enough for the sum to stay above the bound that it is divided by.
                p.getArray().set(manager.randomUniform(1, 3, p.getShape()).toFloatArray());
              }
            });
    return block;
  }

  private NDArray weights(ZooBlock block, NDArray input) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    return block.forward(pass, new NDList(input)).get(1);
  }

  private static MultiHeadGaussianAdaptiveAttention heads(int count, int gaussians) {
    return new MultiHeadGaussianAdaptiveAttention(1, count, gaussians, OptionalDouble.empty());
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void theWeightsOfEachPieceSumToOne() {
    NDArray weights = weights(made(heads(3, 2), true), x);
    for (String piece : new String[] {":, 0:4", ":, 4:8", ":, 8:13"}) {
      NDArray sum = weights.get(piece).sum(new int[] {1});
      assertThat(distance(sum, sum.onesLike())).as(piece).isLessThan(1e-5);
    }
  }

  @Test
  void aConstantChangesNothingAndWithoutOffsetsNorDoesAFactor() {
    ZooBlock block = made(heads(3, 2), true);
    NDArray plain = weights(block, x);
    assertThat(distance(weights(block, x.add(3)), plain)).isLessThan(1e-5);
    assertThat(distance(weights(block, x.mul(3)), plain)).isGreaterThan(1e-3);
    ZooBlock centred = made(heads(3, 2), false);
    assertThat(distance(weights(centred, x.mul(3)), weights(centred, x))).isLessThan(1e-5);
  }

  @Test
  void permutingPlacesOfAPiecePermutesItsWeights() {
    ZooBlock block = made(heads(1, 3), true);
    assertThat(distance(weights(block, x.flip(1)).flip(1), weights(block, x))).isLessThan(1e-6);
  }

  @Test
  void gaussiansWithoutOffsetsAreOneOfTheirSummedPrecision() {
    ZooBlock three = made(heads(1, 3), false);
    ZooBlock one = made(heads(1, 1), false);
    double precision = 0;
    for (float c : StateDict.of(three).get("attention_heads.0.c").getArray().toFloatArray()) {
      precision += 1 / (c * c);
    }
    StateDict.of(one)
        .get("attention_heads.0.c")
        .getArray()
        .set(new float[] {(float) (1 / Math.sqrt(precision))});
    assertThat(distance(weights(three, x), weights(one, x))).isLessThan(1e-5);
  }

  @Test
  void moreHeadsThanPlacesAreRefused() {
    ZooBlock block = made(heads(4, 1), false);
    assertThatThrownBy(() -> weights(block, x.get(":, :3")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be cut for 4 heads");
  }

  @Test
  void importanceRunsFromZeroToOne() {
    NDArray factor = ImportanceFactor.of(weights(made(heads(1, 2), true), x).transpose(0, 2, 1));
    assertThat(factor.getShape()).isEqualTo(new Shape(13));
    assertThat(factor.min().getFloat()).isZero();
    assertThat(factor.max().getFloat()).isEqualTo(1);
  }
}
