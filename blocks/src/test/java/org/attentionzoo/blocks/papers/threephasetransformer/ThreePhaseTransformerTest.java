package org.attentionzoo.blocks.papers.threephasetransformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What channels, rotations and the horn promise. */
class ThreePhaseTransformerTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(9);
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
  void theRotationKeepsTheLengthOfEveryPair() {
    PhaseRotation block = new PhaseRotation(24, 3, 2, 5);
    block.initialize(manager, DataType.FLOAT32);
    Parameter theta = StateDict.of(block).get("theta");
    theta.getArray().set(manager.randomNormal(theta.getShape()).toFloatArray());
    NDArray x = manager.randomNormal(new Shape(2, 7, 24));
    NDArray lengths = x.reshape(2, 7, 12, 2).square().sum(new int[] {-1});
    NDArray turned = block.forward(inference(), x);
    assertThat(distance(turned.reshape(2, 7, 12, 2).square().sum(new int[] {-1}), lengths))
        .isLessThan(1e-5);
    assertThat(distance(turned, x)).isGreaterThan(0.1);
  }

  @Test
  void anAngleOfZeroInOnePhaseChangesNothing() {
    PhaseRotation block = new PhaseRotation(24, 1, 0, 1);
    block.initialize(manager, DataType.FLOAT32);
    Parameter theta = StateDict.of(block).get("theta");
    theta.getArray().set(new float[12]);
    NDArray x = manager.randomNormal(new Shape(2, 7, 24));
    assertThat(block.forward(inference(), x)).isEqualTo(x);
  }

  @Test
  void theMeanOfAnEmbeddingIsTheHornAlsoWhileDecoding() {
    HornEmbedding block = new HornEmbedding(11, 24, 4, true);
    block.initialize(manager, DataType.FLOAT32);
    NDArray ids = manager.randomInteger(0, 11, new Shape(2, 9), DataType.INT64);
    NDArray horn = manager.ones(new Shape(9)).div(manager.arange(1f, 10f, 1f));
    NDArray whole = block.forward(inference(), ids);
    assertThat(distance(whole.mean(new int[] {-1}), horn)).isLessThan(1e-6);
    try (DecodeCache cache = new DecodeCache(manager)) {
      Pass pass = inference().with(cache);
      for (int t = 0; t < 9; t++) {
        NDArray one = block.embed(pass, ids.get(":, {}:{}", t, t + 1), Sequences.FULL);
        assertThat(distance(one, whole.get(":, {}:{}", t, t + 1))).isLessThan(1e-6);
      }
    }
  }

  @Test
  void theWitnessOfALongTextIsAsDocumented() {
    ThreePhaseTransformer model =
        new ThreePhaseTransformer(new ThreePhaseConfig(11, 12, 1, 8, 3, 3, 2, 3, true, true, true));
    model.initialize(manager, DataType.FLOAT32);
    HornEmbedding embedding = new HornEmbedding(11, 12, 2, true);
    embedding.initialize(manager, DataType.FLOAT32);
    NDArray ids = manager.randomInteger(0, 11, new Shape(1, 1024), DataType.INT64);
    NDArray means = model.phaseMeans(embedding.forward(inference(), ids));
    assertThat((double) means.sum(new int[] {-1}).mean().getFloat())
        .isCloseTo(0.0220, within(5e-5));
  }

  @Test
  void channelsOfEqualEnergyAreNormalisedAsAWhole() {
    PhaseRmsNorm phases = new PhaseRmsNorm(24, 3);
    phases.initialize(manager, DataType.FLOAT32);
    RmsNorm whole = new RmsNorm(24);
    whole.initialize(manager, DataType.FLOAT32);
    NDArray channel = manager.randomNormal(new Shape(2, 5, 8));
    NDArray x = channel.concat(channel.flip(2), 2).concat(channel.neg(), 2);
    assertThat(distance(phases.forward(inference(), x), whole.forward(inference(), x)))
        .isLessThan(1e-6);
  }

  @Test
  void anglesHaveNotDriftedAtFirst() {
    ThreePhaseTransformer model =
        new ThreePhaseTransformer(new ThreePhaseConfig(11, 12, 3, 8, 3, 3, 2, 3, true, true, true));
    model.initialize(manager, DataType.FLOAT32);
    assertThat(model.thetaDrift().values())
        .hasSize(3)
        .allSatisfy(d -> assertThat(d).isLessThan(1e-6));
  }
}
