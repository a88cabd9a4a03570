package org.attentionzoo.blocks.papers.flashbias;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.attention.AlibiFactors;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.attention.TableBias;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Factors of biases, and attention with them. */
class BiasFactorsTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(2);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass inference() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void allColumnsAreExactAndFewHoldTheirShare() {
    NDArray bias = manager.randomNormal(new Shape(3, 10, 7));
    BiasFactors whole = BiasFactors.ofRank(bias, 7);
    assertThat(whole.energy()).isCloseTo(1, within(1e-6));
    assertThat(distance(whole.product(), bias)).isLessThan(1e-5);
    BiasFactors some = BiasFactors.ofRank(bias, 3);
    double missing = some.product().sub(bias).square().sum().getFloat();
    assertThat(1 - missing / bias.square().sum().getFloat()).isCloseTo(some.energy(), within(1e-5));
  }

  @Test
  void energyFindsTheRankOfALowRankBias() {
    NDArray bias =
        manager.randomNormal(new Shape(2, 20, 3)).matMul(manager.randomNormal(new Shape(2, 3, 16)));
    assertThat(BiasFactors.ofEnergy(bias, 0.99999).rank()).isEqualTo(3);
    assertThat(BiasFactors.ofEnergy(bias, 0.1).rank()).isEqualTo(1);
    assertThatThrownBy(() -> BiasFactors.ofEnergy(bias, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void squaredDistancesHaveRankOfTheirSpaceAndTwo() {
    NDArray places = manager.randomNormal(new Shape(8, 3));
    NDArray others = manager.randomNormal(new Shape(5, 3));
    NDArray weights = manager.randomUniform(0, 2, new Shape(2, 8));
    BiasFactors factors = BiasFactors.squaredDistance(places, others, weights);
    NDArray expected =
        places
            .expandDims(1)
            .sub(others.expandDims(0))
            .square()
            .sum(new int[] {2})
            .neg()
            .expandDims(0)
            .mul(weights.expandDims(2));
    assertThat(factors.rank()).isEqualTo(5);
    assertThat(distance(factors.product(), expected)).isLessThan(1e-4);
  }

  @Test
  void aConstantOfARowOfTheBiasChangesNothing() {
    FactoredBiasAttention block = new FactoredBiasAttention(0.5, true);
    Shape states = new Shape(2, 9, 3, 4);
    Shape factors = new Shape(2, 9, 3, 1);
    NDArray q = manager.randomNormal(states);
    NDArray k = manager.randomNormal(states);
    NDArray fq = manager.randomNormal(factors);
    NDArray fk = manager.randomNormal(factors);
    NDArray plain = block.forward(inference(), new NDList(q, k, k, fq, fk)).head();
    // A column of ones of the keys adds to each row of the bias what the queries' column says.
    NDArray shifted =
        block
            .forward(
                inference(),
                new NDList(
                    q,
                    k,
                    k,
                    fq.concat(manager.randomNormal(factors), 3),
                    fk.concat(fk.onesLike(), 3)))
            .head();
    assertThat(distance(shifted, plain)).isLessThan(1e-5);
  }

  @Test
  void linearBiasesAsFactorsAreThoseAsAWholeOnLongTexts() {
    AttentionConfig factored = AttentionConfig.causal(16, 4, null);
    MultiHeadAttention whole =
        new MultiHeadAttention(new AttentionConfig(16, 4, 4, 4, false, true, 0, null, true, 0));
    whole.initialize(manager, DataType.FLOAT32);
    MultiHeadAttention parts =
        new MultiHeadAttention(factored, null, AttentionParts.biased(AlibiFactors.of(4)));
    copy(whole, parts);
    NDArray x = manager.randomNormal(new Shape(1, 512, 16));
    assertThat(
            distance(
                parts.mix(inference(), x, Sequences.FULL),
                whole.mix(inference(), x, Sequences.FULL)))
        .isLessThan(1e-4);
    assertThat(FactoredBiasAttention.biasNumbers(12, 2048, 2048, 2))
        .isLessThan(FactoredBiasAttention.biasNumbers(12, 2048, 2048, 0) / 50);
  }

  @Test
  void aTrainedTableBecomesFactorsOfPlaces() {
    int length = 12;
    TableBias table = TableBias.ofDistances(4, length);
    AttentionConfig config = AttentionConfig.causal(16, 4, null);
    MultiHeadAttention whole = new MultiHeadAttention(config, null, AttentionParts.biased(table));
    whole.initialize(manager, DataType.FLOAT32);
    Parameter weight = StateDict.of(whole).get("relative_attention_bias.weight");
    weight.getArray().set(manager.randomNormal(weight.getShape()).toFloatArray());
    NDArray x = manager.randomNormal(new Shape(2, length, 16));
    NDArray positions = manager.arange(length).toType(DataType.INT64, false);
    NDArray q = manager.zeros(new Shape(1, 4, length, 4));
    NDArray bias = table.bias(inference(), q, q, positions, positions, 1).squeeze(0);
    PlaceFactors places = new PlaceFactors(length, 4, length);
    MultiHeadAttention parts = new MultiHeadAttention(config, null, AttentionParts.biased(places));
    copy(whole, parts);
    places.set(BiasFactors.ofRank(bias, length));
    assertThat(
            distance(
                parts.mix(inference(), x, Sequences.FULL),
                whole.mix(inference(), x, Sequences.FULL)))
        .isLessThan(1e-5);
  }

  @Test
  void networksLearnABiasOfTheData() {
    NeuralFactors block = new NeuralFactors(4, 16, 2, 4);
    block.initialize(manager, DataType.FLOAT32);
    NDArray features = manager.randomNormal(new Shape(1, 6, 4));
    NDList inputs = new NDList(features, features);
    NDList factors = block.forward(inference(), inputs);
    NDArray product = factors.get(0).matMul(factors.get(1).swapAxes(2, 3));
    assertThat(block.error(inference(), inputs, product).getFloat()).isZero();
    assertThat(block.error(inference(), inputs, product.add(2)).getFloat())
        .isCloseTo(4, within(1e-4f));
  }

  @Test
  void windowsKnowTheirRelativePlaces() {
    WindowAttention block = new WindowAttention(12, 2, 3, 3, true);
    block.initialize(manager, DataType.FLOAT32);
    NDArray bias = block.bias(inference(), manager.zeros(new Shape(1)));
    assertThat(bias.getShape()).isEqualTo(new Shape(1, 3, 6, 6));
    // Place 0 to 4 is one row down and one column right, as is place 1 to 5.
    assertThat(bias.getFloat(0, 1, 0, 4)).isEqualTo(bias.getFloat(0, 1, 1, 5));
    assertThat(bias.getFloat(0, 1, 0, 4)).isNotEqualTo(bias.getFloat(0, 1, 4, 0));
    BiasFactors factors = BiasFactors.ofRank(bias.squeeze(0), 6);
    NDArray x = manager.randomNormal(new Shape(4, 6, 12));
    NDArray dense = block.forward(inference(), new NDList(x)).head();
    NDArray inFactors =
        block.attend(
            inference(), x, factors.queries().expandDims(0), factors.keys().expandDims(0), null);
    assertThat(distance(inFactors, dense)).isLessThan(1e-5);
  }

  private void copy(MultiHeadAttention from, MultiHeadAttention to) {
    to.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> source = StateDict.of(from);
    StateDict.of(to)
        .forEach(
            (name, p) -> {
              if (source.containsKey(name)) {
                p.getArray().set(source.get(name).getArray().toFloatArray());
              }
            });
  }

  /** A table that falls off with the distance, as trained ones do. */
  @Test
  void aTrainedTableIsReadAsFactorsAndOneColumnIsNotEnough() {
    int length = 24;
    AttentionConfig config = new AttentionConfig(16, 2, 2, 8, false, true, 0, null, false, 0);
    MultiHeadAttention whole =
        new MultiHeadAttention(
            config, null, AttentionParts.biased(TableBias.ofDistances(2, length - 1)));
    whole.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> trained = StateDict.of(whole);
    float[] rows = new float[(2 * length - 1) * 2];
    for (int row = 0; row < 2 * length - 1; row++) {
      double distance = Math.abs(row - (length - 1));
      rows[2 * row] = (float) (-0.2 * distance);
      rows[2 * row + 1] = (float) (3 * Math.exp(-distance / 2));
    }
    trained.get("relative_attention_bias.weight").getArray().set(rows);
    NDArray x = manager.randomNormal(new Shape(2, length, 16));
    NDArray expected = whole.mix(inference(), x, Sequences.FULL);
    double largest = expected.abs().max().getFloat();
    double[] off = new double[3];
    int[] ranks = {length, length, 1};
    double[] energies = {1, 0.995, 0.995};
    for (int i = 0; i < off.length; i++) {
      FactoredTable factored = new FactoredTable(2, length, energies[i], ranks[i]);
      MultiHeadAttention attention =
          new MultiHeadAttention(config, null, AttentionParts.biased(factored));
      attention.initialize(manager, DataType.FLOAT32);
      StateDict.of(attention)
          .forEach((name, p) -> p.getArray().set(trained.get(name).getArray().toFloatArray()));
      off[i] = distance(attention.mix(inference(), x, Sequences.FULL), expected) / largest;
    }
    assertThat(off[0]).isLessThan(1e-4);
    assertThat(off[1]).isLessThan(0.1);
    assertThat(off[2]).isGreaterThan(2 * off[1]);
  }
}
