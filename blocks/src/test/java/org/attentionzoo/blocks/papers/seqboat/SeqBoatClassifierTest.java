package org.attentionzoo.blocks.papers.seqboat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Measured.Measurement;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What stands around SeqBoat's layers: padding, the shares that are told, decoding. */
class SeqBoatClassifierTest {

  private static final int LENGTH = 12;
  private static final int[] LENGTHS = {LENGTH, 5, 1, 0};

  private NDManager manager;
  private GradientMode mode;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
    mode = GradientMode.off();
  }

  @AfterEach
  void close() {
    mode.close();
    manager.close();
  }

  @ParameterizedTest
  @EnumSource(Positions.class)
  void aPaddedRowIsTheRowAlone(Positions positions) {
    SeqBoatClassifier model = build(new SeqBoatClassifier(config(positions, 3)));
    NDArray tokens = tokens();
    NDList padded = model.forward(pass(), new NDList(tokens, valid()));
    NDArray others = tokens.add(1).mod(9);
    NDArray content = NDArrays.where(valid(), tokens, others);
    assertClose(model.forward(pass(), new NDList(content, valid())).get(0), padded.get(0));
    for (int row = 0; row < LENGTHS.length; row++) {
      if (LENGTHS[row] > 0) {
        NDArray alone = tokens.get("{}:{}, :{}", row, row + 1, LENGTHS[row]);
        NDList expected = model.forward(pass(), new NDList(alone));
        assertClose(padded.get(0).get("{}:{}", row, row + 1), expected.get(0));
        assertClose(padded.get(1).get("{}:{}", row, row + 1), expected.get(1));
      }
    }
    for (float value : padded.get(0).toFloatArray()) {
      assertThat(value).isFinite();
    }
    assertThat(padded.get(1).get(LENGTHS.length - 1).sum().getFloat()).isZero();
  }

  /** The figures come from what attention ran over. */
  @Test
  void tellsTheSharesThatTheLayersActivated() {
    SeqBoatClassifier model = build(new SeqBoatClassifier(config(Positions.SIMPLE, 3)));
    Measurement measurement = model.measurements().get(0);
    List<Map<String, Double>> told = new ArrayList<>();
    List<NDArray> active = new ArrayList<>();
    Taps taps =
        Taps.on(model)
            .read(
                measurement.point(),
                x ->
                    told.add(
                        measurement
                            .report()
                            .apply(
                                measurement
                                    .reduce()
                                    .apply(x)
                                    .toType(DataType.FLOAT64, true)
                                    .toDoubleArray())))
            .read("seq_layers.1.active", x -> active.add(x.duplicate()));
    model.forward(pass().with(taps), new NDList(tokens()));
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).containsOnlyKeys("activated.0", "activated.1");
    double share = active.get(0).mean().getFloat();
    assertThat(share).isBetween(0.05, 0.95);
    assertThat(told.get(0).get("activated.1")).isCloseTo(share, within(1e-6));
  }

  @ParameterizedTest
  @EnumSource(Positions.class)
  void aLanguageModelReadsTokenByTokenWhatItReadsAtOnce(Positions positions) {
    SeqBoatLanguageModel model = build(new SeqBoatLanguageModel(config(positions, 0)));
    NDArray tokens = tokens();
    NDArray whole = model.forward(pass(), new NDList(tokens)).get(0);
    try (DecodeCache cache = new DecodeCache(manager)) {
      for (int t = 0; t < LENGTH; t++) {
        NDArray token = tokens.get(":, {}:{}", t, t + 1);
        NDArray logits = model.forward(pass().with(cache), new NDList(token)).get(0);
        assertClose(logits, whole.get(":, {}:{}", t, t + 1));
      }
    }
  }

  private static SeqBoatModelConfig config(Positions positions, int classes) {
    return new SeqBoatModelConfig(
        9,
        classes,
        2,
        8,
        4,
        6,
        2,
        3,
        0,
        Attention.SOFTMAX,
        positions,
        8,
        Norm.LAYERNORM,
        true,
        0.5,
        Routing.LEARNED,
        0);
  }

  private <B extends ZooBlock> B build(B block) {
    JniUtils.setSeed(4);
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(
            p ->
                p.getArray()
                    .addi(Arithmetic.times(manager.randomNormal(p.getArray().getShape()), 0.3)));
    return block;
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private NDArray tokens() {
    JniUtils.setSeed(6);
    return manager.randomInteger(0, 9, new Shape(LENGTHS.length, LENGTH), DataType.INT64);
  }

  private NDArray valid() {
    boolean[] valid = new boolean[LENGTHS.length * LENGTH];
    for (int row = 0; row < LENGTHS.length; row++) {
      Arrays.fill(valid, row * LENGTH, row * LENGTH + LENGTHS[row], true);
    }
    return manager.create(valid, new Shape(LENGTHS.length, LENGTH));
  }

  private static void assertClose(NDArray actual, NDArray expected) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    float scale = Math.max(1e-3f, expected.abs().max().getFloat());
    assertThat(actual.sub(expected).abs().max().getFloat() / scale).isLessThanOrEqualTo(2e-5f);
  }
}
