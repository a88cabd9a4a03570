package org.attentionzoo.blocks.papers.lssar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the paper promises of its weights. */
class LengthScaledSoftplusAttentionTest {

  private static final int LENGTH = 33;

  private NDManager manager;
  private NDArray q;
  private NDArray k;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(3);
    q = manager.randomNormal(new Shape(2, 2, LENGTH, 8));
    k = manager.randomNormal(new Shape(2, 2, LENGTH, 8));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray weights(LengthScaledSoftplusAttention block, NDArray queries, NDArray keys) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    return block.forward(pass, new NDList(queries, keys, keys)).get(1);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void rowsSumToOne() {
    for (double power : new double[] {1, 3, 15}) {
      NDArray sums =
          weights(LengthScaledSoftplusAttention.reweighted(power), q, k).sum(new int[] {-1});
      assertThat(sums.sub(1).abs().max().getFloat()).isLessThan(1e-6f);
    }
  }

  @Test
  void lengthsOfQueriesAndKeysDoNotMatter() {
    LengthScaledSoftplusAttention block = LengthScaledSoftplusAttention.reweighted(3);
    assertThat(distance(weights(block, q.mul(7), k.mul(0.1)), weights(block, q, k)))
        .isLessThan(1e-5f);
  }

  @Test
  void theFirstThreeRowsKeepWhatIsBelowTheMean() {
    NDArray plain = weights(LengthScaledSoftplusAttention.plain(), q, k).get(":, :, :3");
    NDArray powers = plain.pow(3);
    NDArray expected = powers.div(powers.sum(new int[] {-1}, true));
    NDArray actual = weights(LengthScaledSoftplusAttention.reweighted(3), q, k).get(":, :, :3");
    assertThat(distance(actual, expected)).isLessThan(1e-6f);
    assertThat(plain.getFloat(1, 1, 0, 0)).isCloseTo(1, within(1e-6f));
  }

  @Test
  void permutingEarlierKeysPermutesTheLastRow() {
    NDArray order =
        manager.arange(LENGTH).flip(0).toType(ai.djl.ndarray.types.DataType.INT64, false);
    NDArray permuted = k.get(":, :, {}", order);
    LengthScaledSoftplusAttention block = LengthScaledSoftplusAttention.reweighted(3);
    NDArray last = weights(block, q, k).get(":, :, {}", LENGTH - 1);
    NDArray other = weights(block, q, permuted).get(":, :, {}", LENGTH - 1);
    assertThat(distance(other.flip(-1), last)).isLessThan(1e-5f);
  }

  @Test
  void aLargePowerPicksTheLargestWeight() {
    NDArray plain = weights(LengthScaledSoftplusAttention.plain(), q, k).get(":, :, 3:");
    NDArray sharp = weights(LengthScaledSoftplusAttention.reweighted(2000), q, k).get(":, :, 3:");
    assertThat(sharp.argMax(-1)).isEqualTo(plain.argMax(-1));
    assertThat(sharp.max(new int[] {-1}).mean().getFloat()).isGreaterThan(0.95f);
  }
}
