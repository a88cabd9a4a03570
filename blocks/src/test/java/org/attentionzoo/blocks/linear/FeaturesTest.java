package org.attentionzoo.blocks.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.linear.LearnedFeatures.Activations;
import org.attentionzoo.blocks.linear.LearnedFeatures.Config;
import org.attentionzoo.blocks.linear.LearnedFeatures.Start;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FeaturesTest {

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

  private NDArray map(UnaryBlock block, NDArray x) {
    if (!block.isInitialized()) {
      block.initialize(manager, DataType.FLOAT32);
    }
    return block.forward(Pass.inference(new ParameterStore(manager, false)), x);
  }

  @Test
  void productsOfTaylorFeaturesAreTheSeriesAndPositive() {
    int d = 16;
    NDArray q = manager.randomNormal(new Shape(1, 1, 50, d)).mul(2);
    NDArray k = manager.randomNormal(new Shape(1, 1, 50, d)).mul(2);
    UnaryBlock map = Features.TAYLOR.map(1, d);
    NDArray products = map(map, q).mul(map(map, k)).sum(new int[] {3});
    NDArray z = q.mul(k).sum(new int[] {3}).div(Math.sqrt(d));
    NDArray series = z.square().div(2).add(z).add(1);
    assertThat(map(map, q).getShape().get(3)).isEqualTo(1 + d + d * d);
    assertThat(products.sub(series).abs().max().getFloat()).isLessThan(2e-4f);
    assertThat(products.min().getFloat()).isGreaterThanOrEqualTo(0.5f - 1e-3f);
  }

  @Test
  void meansOfRandomFeaturesComeNearTheExponential() {
    int d = 8;
    NDArray q = manager.randomNormal(new Shape(1, 1, 20, d)).mul(0.7);
    NDArray k = manager.randomNormal(new Shape(1, 1, 20, d)).mul(0.7);
    UnaryBlock map = new RandomFeatures(d, 4096);
    NDArray products = map(map, q).mul(map(map, k)).sum(new int[] {3});
    NDArray expected = q.mul(k).sum(new int[] {3}).div(Math.sqrt(d)).exp();
    assertThat(products.div(expected).sub(1).abs().mean().getFloat()).isLessThan(0.05f);
  }

  @Test
  void randomDirectionsAreOrthogonalWithinABlock() {
    UnaryBlock map = new RandomFeatures(6, 12);
    map.initialize(manager, DataType.FLOAT32);
    NDArray rows = StateDict.of(map).get("projection_matrix").getArray();
    for (String block : new String[] {":6", "6:"}) {
      NDArray own = rows.get(block);
      NDArray gram = own.matMul(own.transpose());
      NDArray diagonal = gram.mul(manager.eye(6));
      assertThat(gram.sub(diagonal).abs().max().getFloat()).isLessThan(1e-4f);
      assertThat(diagonal.max().getFloat()).isGreaterThan(1);
    }
  }

  @Test
  void softmaxFeaturesSumToTwoAndJointOnesToOne() {
    NDArray x = manager.randomNormal(new Shape(2, 3, 7, 4));
    NDArray two = map(Features.HEDGEHOG.map(3, 4), x).sum(new int[] {3});
    NDArray one = map(Features.HEDGEHOG_JOINT.map(3, 4), x).sum(new int[] {3});
    assertThat(two.sub(2).abs().max().getFloat()).isLessThan(1e-5f);
    assertThat(one.sub(1).abs().max().getFloat()).isLessThan(1e-5f);
  }

  @ParameterizedTest
  @EnumSource(
      value = Activations.class,
      names = {"SOFTMAX", "SHIFTED_EXP", "EXP"})
  void hedgehogsHalvesChangePlacesWithTheSignAndItStartsAsTheIdentity(Activations activation) {
    NDArray x = manager.randomNormal(new Shape(1, 2, 5, 4));
    UnaryBlock map = new LearnedFeatures(Config.hedgehog(2, 4, activation));
    NDArray there = map(map, x);
    NDArray back = map(map, x.neg());
    NDArray swapped = NDArrays.concat(new NDList(back.get("..., 4:"), back.get("..., :4")), 3);
    assertThat(there.sub(swapped).abs().max().getFloat()).isLessThan(1e-6f);
    NDArray first =
        switch (activation) {
          case SOFTMAX -> x.softmax(3);
          case SHIFTED_EXP -> x.sub(x.max(new int[] {3}, true)).exp();
          default -> x.exp();
        };
    assertThat(there.get("..., :4").sub(first).abs().max().getFloat()).isLessThan(1e-5f);
    assertThat(there.min().getFloat()).isGreaterThanOrEqualTo(1e-12f);
  }

  /** Zhang et al. 2024, section 3.2: the weights of softmax rise with the product. */
  @Test
  void hedgehogIsMoreMonotoneThanElu() {
    double hedgehog = monotone(new LearnedFeatures(Config.hedgehog(1, 16, Activations.EXP)));
    double elu = monotone(Features.ELU.map(1, 16));
    assertThat(hedgehog).isGreaterThan(0.7);
    assertThat(elu).isLessThan(0.6);
  }

  /** The mean over queries of Spearman's correlation between products and weights. */
  private double monotone(UnaryBlock map) {
    int count = 64;
    NDArray q = manager.randomNormal(new Shape(1, 1, count, 16));
    NDArray k = manager.randomNormal(new Shape(1, 1, count, 16));
    double[] products = doubles(q.matMul(k.transpose(0, 1, 3, 2)));
    double[] weights = doubles(map(map, q).matMul(map(map, k).transpose(0, 1, 3, 2)));
    double sum = 0;
    for (int row = 0; row < count; row++) {
      int[] a = ranks(Arrays.copyOfRange(products, row * count, (row + 1) * count));
      int[] b = ranks(Arrays.copyOfRange(weights, row * count, (row + 1) * count));
      double squares = 0;
      for (int i = 0; i < count; i++) {
        squares += (double) (a[i] - b[i]) * (a[i] - b[i]);
      }
      sum += 1 - 6 * squares / (count * ((double) count * count - 1));
    }
    return sum / count;
  }

  private static int[] ranks(double[] values) {
    int[] ranks = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      for (double other : values) {
        ranks[i] += other < values[i] ? 1 : 0;
      }
    }
    return ranks;
  }

  private static double[] doubles(NDArray x) {
    return x.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  @Test
  void aTiedMapHasTheSameWeights() {
    LearnedFeatures map =
        new LearnedFeatures(
            new Config(2, 4, 3, Activations.SOFTMAX, true, false, true, Start.DRAWN, 1e-12));
    LearnedFeatures tied = map.tied();
    NDArray x = manager.randomNormal(new Shape(1, 2, 5, 4));
    assertThat(map(map, x).sub(map(tied, x)).abs().max().getFloat()).isZero();
  }

  @Test
  void aSkipConnectionNeedsAsManyFeatures() {
    assertThatThrownBy(
            () -> new Config(2, 4, 3, Activations.EXP, true, true, false, Start.IDENTITY, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 and 4");
  }

  @Test
  void aMapDoesNotChangeWhatItMaps() {
    NDArray x = manager.randomNormal(new Shape(1, 2, 3, 4));
    for (Features features : Features.values()) {
      map(features.map(2, 4), x);
      assertThat(x.getShape()).as("%s", features).isEqualTo(new Shape(1, 2, 3, 4));
    }
    assertThat(x.getShape().get(3)).isCloseTo(4, within(0L));
  }
}
