package org.attentionzoo.blocks.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DebertaTest {

  private static final int VOCABULARY = 11;
  private static final DebertaConfig SMALL =
      DebertaConfig.version3(8, 3, 2).withPositions(16, 4, "p2c|c2p", true, true).withoutDropout();

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

  /** Initialised, with larger weights, so that attention is not uniform. */
  private <B extends ZooBlock> B built(B block) {
    block.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.off()) {
      for (Parameter parameter : StateDict.of(block).values()) {
        parameter.getArray().addi(manager.randomNormal(parameter.getShape()).mul(0.3f));
      }
    }
    return block;
  }

  private NDArray tokens(long batch, long length) {
    return manager.randomInteger(0, VOCABULARY, new Shape(batch, length), DataType.INT64);
  }

  private NDList infer(ZooBlock block, NDArray... inputs) {
    try (GradientMode ignored = GradientMode.off()) {
      return block.forward(pass(), new NDList(inputs));
    }
  }

  private static double[][] project(Map<String, Parameter> all, String name, float[] x, int rows) {
    float[] w = all.get(name + ".weight").getArray().toFloatArray();
    float[] b = all.get(name + ".bias").getArray().toFloatArray();
    int width = b.length;
    double[][] y = new double[rows][width];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < width; o++) {
        y[r][o] = b[o];
        for (int i = 0; i < width; i++) {
          y[r][o] += (double) w[o * width + i] * x[r * width + i];
        }
      }
    }
    return y;
  }

  private static double dot(double[] a, double[] b, int head, int width) {
    double sum = 0;
    for (int i = head * width; i < (head + 1) * width; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({
    "c2p|p2c, false, 1, 5",
    "c2p|p2c, true, 2, 9",
    "p2c, false, 3, 7",
    "p2c, true, 1, 12",
    "c2p, true, 2, 1",
    "none, false, 2, 6",
  })
  void attentionIsThePapersEquationByLoops(String terms, boolean share, int batch, int length) {
    DebertaConfig config = SMALL.withPositions(16, 4, terms, share, false);
    DisentangledSelfAttention block = built(new DisentangledSelfAttention(config));
    int span = 4;
    NDArray hidden = manager.randomNormal(new Shape(batch, length, 8));
    NDArray table = manager.randomNormal(new Shape(2 * span, 8));
    LogBucketRelativePosition positions = config.relativePosition();
    NDArray index = positions.index(hidden, length, span);
    boolean[] live = new boolean[batch * length];
    for (int i = 0; i < live.length; i++) {
      // the last of three rows is padding only
      live[i] = i / length < 2 && i % length >= i / length;
    }
    NDArray valid = manager.create(live, new Shape(batch, length));
    float[] actual = infer(block, hidden, table, index, valid).head().toFloatArray();

    long[] buckets = positions.buckets(hidden, length).toLongArray();
    Map<String, Parameter> all = StateDict.of(block);
    float[] x = hidden.toFloatArray();
    double[][] q = project(all, "query_proj", x, batch * length);
    double[][] k = project(all, "key_proj", x, batch * length);
    double[][] v = project(all, "value_proj", x, batch * length);
    boolean c2p = terms.contains("c2p");
    boolean p2c = terms.contains("p2c");
    float[] rows = table.toFloatArray();
    double[][] kr = c2p ? project(all, share ? "key_proj" : "pos_key_proj", rows, 2 * span) : null;
    double[][] qr =
        p2c ? project(all, share ? "query_proj" : "pos_query_proj", rows, 2 * span) : null;
    double scale = 1 / Math.sqrt(4 * (1 + (c2p ? 1 : 0) + (p2c ? 1 : 0)));
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < 2; h++) {
        for (int i = 0; i < length; i++) {
          double[] weights = new double[length];
          double total = 0;
          for (int j = 0; j < length; j++) {
            int query = b * length + i;
            int key = b * length + j;
            int row = (int) Math.max(0, Math.min(2 * span - 1, buckets[i - j + length - 1] + span));
            double score = dot(q[query], k[key], h, 4);
            score += c2p ? dot(q[query], kr[row], h, 4) : 0;
            score += p2c ? dot(k[key], qr[row], h, 4) : 0;
            weights[j] = live[query] && live[key] ? Math.exp(score * scale) : 0;
            total += weights[j];
          }
          for (int c = h * 4; c < (h + 1) * 4; c++) {
            double expected = 0;
            for (int j = 0; j < length; j++) {
              expected += total == 0 ? 0 : weights[j] / total * v[b * length + j][c];
            }
            assertThat((double) actual[(b * length + i) * 8 + c]).isCloseTo(expected, within(2e-5));
          }
        }
      }
    }
  }

  @Test
  void aFullyPaddedRowAndLengthOneAreFinite() {
    DebertaMaskedLanguageModel model =
        built(new DebertaMaskedLanguageModel(VOCABULARY, SMALL, true));
    NDArray valid = manager.create(new boolean[] {true, true, false, false}, new Shape(2, 2));
    NDArray logits = infer(model, tokens(2, 2), valid).head();
    assertThat(logits.isNaN().any().getBoolean()).isFalse();
    assertThat(infer(model, tokens(1, 1)).head().isNaN().any().getBoolean()).isFalse();
  }

  @Test
  void whatStandsInPaddingOrHowMuchOfItChangesNothing() {
    DebertaMaskedLanguageModel model =
        built(new DebertaMaskedLanguageModel(VOCABULARY, SMALL, true));
    NDArray ids = tokens(1, 6);
    NDArray alone = infer(model, ids).head();
    for (int left : new int[] {1, 3}) {
      NDArray padded = tokens(1, left).concat(ids, 1).concat(tokens(1, 2), 1);
      NDArray place = manager.arange(0, left + 8, 1, DataType.INT64).expandDims(0);
      NDArray valid = place.gte(left).logicalAnd(place.lt(left + 6));
      NDArray seen = infer(model, padded, valid).head().get(":, {}:{}", left, left + 6);
      assertThat(seen.sub(alone).abs().max().getFloat()).isLessThan(2e-5f);
    }
  }

  @Test
  void theTrainingPassWithoutDropoutIsTheInferencePass() {
    Deberta model = built(new Deberta(VOCABULARY, SMALL));
    NDArray ids = tokens(2, 9);
    NDArray trained =
        model.forward(Pass.training(new ParameterStore(manager, false)), new NDList(ids)).head();
    assertThat(trained.sub(infer(model, ids).head()).abs().max().getFloat()).isZero();
  }

  @Test
  void theMaskDecoderWithoutPositionsRunsTheLastLayerAgain() {
    DebertaMaskedLanguageModel model =
        built(new DebertaMaskedLanguageModel(VOCABULARY, SMALL, true));
    try (GradientMode ignored = GradientMode.off()) {
      Parameter table = StateDict.of(model).get("deberta.embeddings.position_embeddings.weight");
      table.getArray().muli(0);
      NDArray ids = tokens(2, 7);
      Deberta.Encoded encoded = model.deberta().encode(pass(), ids, null, null, null, null);
      NDArray before = encoded.layers().get(1);
      DebertaLayer last = model.deberta().encoder().last();
      // with z0 = H the first pass is the encoder's own last layer
      NDArray twice = last.transform(pass(), before, encoded.last(), null, encoded.relative());
      EnhancedMaskDecoder decoder =
          (EnhancedMaskDecoder) model.namedChildren().get("lm_predictions");
      NDArray states = decoder.states(pass(), new NDList(ids));
      assertThat(states.sub(twice).abs().max().getFloat()).isLessThan(1e-5f);
      assertThat(states.sub(encoded.last()).abs().max().getFloat()).isGreaterThan(1e-3f);
    }
  }

  @Test
  void theStepOfTuningRaisesTheDifference() {
    DebertaSequenceClassifier model =
        built(
            new DebertaSequenceClassifier(
                VOCABULARY, 3, SMALL, new ScaleInvariantTuning(1, 1e-2, 1e-2)));
    ScaleInvariantTuning tuning = new ScaleInvariantTuning(1, 1e-2, 1e-2);
    Deberta deberta = (Deberta) model.namedChildren().get("deberta");
    NDArray ids = tokens(16, 10);
    NDArray[] normal = new NDArray[1];
    deberta.encode(
        pass(),
        ids,
        null,
        null,
        null,
        sum -> {
          normal[0] = tuning.normalize(sum).stopGradient();
          return normal[0];
        });
    java.util.function.UnaryOperator<NDArray> logits =
        x -> deberta.encode(pass(), ids, null, null, null, sum -> x).last().get(":, 0");
    NDArray clean = logits.apply(normal[0]).stopGradient();
    NDArray start = tuning.start(normal[0]);
    assertThat(start.abs().max().getFloat()).isLessThanOrEqualTo(0.02f);
    NDArray moved = tuning.step(normal[0], start, clean, logits);
    float before =
        ScaleInvariantTuning.difference(logits.apply(normal[0].add(start)), clean)
            .mean()
            .getFloat();
    float after =
        ScaleInvariantTuning.difference(logits.apply(normal[0].add(moved)), clean)
            .mean()
            .getFloat();
    assertThat(after).isGreaterThan(before);
    assertThat(moved.sub(start).abs().max().getFloat()).isCloseTo(1e-2f, within(1e-4f));
  }

  @Test
  void tuningLeavesNoGradientOfItsStepAndAddsItsLoss() {
    DebertaSequenceClassifier model =
        built(new DebertaSequenceClassifier(VOCABULARY, 3, SMALL, ScaleInvariantTuning.of(4)));
    Pass training = Pass.training(new ParameterStore(manager, false));
    try (GradientMode ignored = GradientMode.on()) {
      model.forward(training, new NDList(tokens(4, 6)));
    }
    assertThat(training.auxiliaryLosses()).containsOnlyKeys("sift");
    // a difference of equal predictions is twice their entropy, which is positive
    assertThat(training.auxiliaryLosses().get("sift").getFloat()).isPositive();
    assertThat(gradient(model, "classifier.weight")).isZero();
  }

  /** The step of tuning needs the whole graph, which layers that are run again do not leave. */
  @Test
  void tuningGoesWithLayersThatAreRunAgain() {
    DebertaSequenceClassifier model =
        built(new DebertaSequenceClassifier(VOCABULARY, 3, SMALL, ScaleInvariantTuning.of(4)));
    NDArray ids = tokens(4, 6);
    float[] kept = tuningGradient(model, ids, false);
    float[] again = tuningGradient(model, ids, true);
    assertThat(kept).isNotEqualTo(new float[kept.length]);
    for (int i = 0; i < kept.length; i++) {
      assertThat(again[i]).isCloseTo(kept[i], within(1e-5f));
    }
  }

  private float[] tuningGradient(ZooBlock model, NDArray ids, boolean recomputed) {
    Segments segments = new Segments(23, recomputed);
    Pass training = Pass.training(new ParameterStore(manager, false)).with(segments);
    NDArray weight =
        StateDict.of(model).get("deberta.encoder.layer.0.output.dense.weight").getArray();
    try (GradientMode ignored = GradientMode.on()) {
      NDArray logits = model.forward(training, new NDList(ids)).head();
      NDArray loss = logits.square().sum().add(training.auxiliaryLosses().get("sift"));
      BackwardPass.from(loss);
      segments.backward(loss.onesLike());
    }
    assertThat(segments.count()).isPositive();
    NDArray gradient = weight.getGradient();
    float[] values = gradient.toFloatArray();
    gradient.subi(gradient.duplicate());
    return values;
  }

  private static float gradient(ZooBlock model, String name) {
    NDArray array = StateDict.of(model).get(name).getArray();
    return array.getGradient().abs().max().getFloat();
  }

  @ParameterizedTest
  @CsvSource({"NONE, false, true", "SHARED, true, false", "GRADIENT_DISENTANGLED, false, true"})
  void theDetectorTrainsTheTablesThatItsSharingSays(
      DebertaEmbeddings.Sharing sharing, boolean generators, boolean own) {
    DebertaReplacedTokenDetection model =
        new DebertaReplacedTokenDetection(VOCABULARY, SMALL, true, sharing, 1, 10);
    model.initialize(manager, DataType.FLOAT32);
    NDArray originals = tokens(4, 8).add(2).minimum(VOCABULARY - 1).toType(DataType.INT64, false);
    NDArray masked = NDArrays.where(originals.gt(6), originals.onesLike(), originals);
    Pass training = Pass.training(new ParameterStore(manager, false));
    NDList outputs;
    try (GradientMode ignored = GradientMode.on()) {
      outputs = model.forward(training, new NDList(masked, originals));
      NDArray loss = training.auxiliaryLosses().get("rtd");
      BackwardPass.from(loss);
    }
    assertThat(outputs.get(0).getShape()).isEqualTo(new Shape(4, 8, VOCABULARY));
    assertThat(outputs.get(1).getShape()).isEqualTo(new Shape(4, 8));
    String words = ".embeddings.word_embeddings.";
    assertThat(gradient(model, "generator.deberta" + words + "weight") > 0).isEqualTo(generators);
    if (own) {
      String name = sharing == DebertaEmbeddings.Sharing.NONE ? "weight" : "_weight";
      assertThat(gradient(model, "discriminator.deberta" + words + name)).isPositive();
    }
  }

  @Test
  void theDetectionLossIsCrossEntropyOverValidTokens() {
    NDArray logits = manager.create(new float[] {0.5f, -2, 30}, new Shape(1, 3));
    NDArray labels = manager.create(new float[] {1, 0, 0}, new Shape(1, 3));
    NDArray valid = manager.create(new boolean[] {true, true, false}, new Shape(1, 3));
    double expected = (Math.log(1 + Math.exp(-0.5)) + Math.log(1 + Math.exp(-2))) / 2;
    assertThat((double) DebertaReplacedTokenDetection.loss(logits, labels, valid).getFloat())
        .isCloseTo(expected, within(1e-6));
  }

  @Test
  void thePaddingTokensEmbeddingIsNotTrained() {
    Deberta model = built(new Deberta(VOCABULARY, SMALL));
    for (boolean plain : new boolean[] {false, true}) {
      NDArray table = StateDict.of(model).get("embeddings.word_embeddings.weight").getArray();
      Pass pass = Pass.training(new ParameterStore(manager, false));
      try (GradientMode ignored = GradientMode.on()) {
        NDArray sum =
            model
                .forward(plain ? pass.onPlainPath() : pass, new NDList(tokens(4, 16)))
                .head()
                .pow(2)
                .mul(manager.randomNormal(new Shape(4, 16, 8)))
                .sum();
        BackwardPass.from(sum);
      }
      assertThat(table.getGradient().get(0).abs().max().getFloat()).isZero();
      assertThat(table.getGradient().abs().max().getFloat()).isPositive();
    }
  }

  @Test
  void configsThatCannotWorkAreRefused() {
    assertThatThrownBy(() -> SMALL.withPositions(16, 4, "c2p|p2p", true, true))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("p2p");
    assertThatThrownBy(() -> SMALL.withPositions(16, 4, "c2q", true, true))
        .hasMessageContaining("did you mean 'c2p'");
    assertThatThrownBy(() -> SMALL.withConvolution(2, DebertaActivation.GELU, 1))
        .hasMessageContaining("even");
    assertThatThrownBy(() -> new DebertaMaskedLanguageModel(VOCABULARY, SMALL.withLayers(1), true))
        .hasMessageContaining("at least 2 layers");
  }
}
