package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.BatchNorm2d;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.shells.TransformerEncoder;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.blocks.shells.VisionTransformer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SegmentsTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = Devices.manager(Device.cpu());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** What a training pass came to. */
  private record Outcome(float loss, Map<String, float[]> gradients, int arrays) {}

  static Stream<Arguments> models() {
    return Stream.of(
        model("decoder", () -> decoder(i -> attention(), 0.2), false),
        model("decoder with padding", () -> decoder(i -> attention(), 0.2), true),
        model("decoder of identities", () -> decoder(i -> new IdentityMixer(), 0), false),
        model("encoder", () -> new TransformerEncoder(8, 3, 16, 0.3, i -> attention()), true),
        model("vision", () -> vision(), false));
  }

  private static Arguments model(String name, Supplier<ZooBlock> model, boolean padded) {
    return Arguments.of(name, model, padded);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void lossAndGradientsAreThoseOfAnOrdinaryPassBitForBit(
      String name, Supplier<ZooBlock> factory, boolean padded) {
    ZooBlock model = initialized(factory);
    Outcome kept = run(model, padded, false);
    Outcome recomputed = run(model, padded, true);
    assertThat(recomputed.loss()).isEqualTo(kept.loss());
    assertThat(recomputed.gradients().keySet()).isEqualTo(kept.gradients().keySet());
    kept.gradients()
        .forEach(
            (parameter, gradient) -> {
              assertThat(gradient).as(parameter).isNotNull();
              assertThat(recomputed.gradients().get(parameter)).as(parameter).isEqualTo(gradient);
            });
    assertThat(recomputed.arrays()).isLessThan(kept.arrays() / 2);
  }

  @Test
  void auxiliaryLossesOfLayersCount() {
    ZooBlock model = initialized(() -> decoder(i -> new Measuring(i), 0.1));
    Outcome kept = run(model, true, false);
    Outcome recomputed = run(model, true, true);
    assertThat(recomputed.loss()).isEqualTo(kept.loss());
    kept.gradients()
        .forEach(
            (parameter, gradient) -> {
              float[] other = recomputed.gradients().get(parameter);
              for (int i = 0; i < gradient.length; i++) {
                assertThat(other[i]).as(parameter).isCloseTo(gradient[i], within(1e-6f));
              }
            });
    // Nothing but the auxiliary loss of its layer depends on it.
    assertThat(kept.gradients().get("layers.0.mixer.scale")[0]).isNotZero();
  }

  @Test
  void severalResultsAndWhatSeveralPlacesReadGetTheirGradients() {
    ZooBlock model = initialized(Entangled::new);
    Outcome kept = run(model, false, false);
    Outcome recomputed = run(model, false, true);
    assertThat(recomputed.loss()).isEqualTo(kept.loss());
    assertThat(recomputed.gradients().keySet()).isEqualTo(kept.gradients().keySet());
    kept.gradients()
        .forEach(
            (parameter, gradient) -> {
              float[] other = recomputed.gradients().get(parameter);
              assertThat(gradient).as(parameter).isNotNull();
              for (int i = 0; i < gradient.length; i++) {
                assertThat(other[i]).as(parameter).isCloseTo(gradient[i], within(1e-5f));
              }
            });
  }

  @Test
  void statisticsCountEachBatchOnce() {
    Normalized model = new Normalized();
    JniUtils.setSeed(3);
    model.initialize(manager, DataType.FLOAT32);
    Map<String, float[]> initial = values(model);
    run(model, false, false);
    Map<String, float[]> once = values(model);
    assertThat(once.get("norm.running_mean")).isNotEqualTo(initial.get("norm.running_mean"));
    ZooBlock again = new Normalized();
    JniUtils.setSeed(3);
    again.initialize(manager, DataType.FLOAT32);
    run(again, false, true);
    values(again).forEach((key, value) -> assertThat(value).as(key).isEqualTo(once.get(key)));
  }

  @Test
  void layersDrawOtherNumbersThanEachOtherAndTheSameInEveryPassOfASeed() {
    List<float[]> first = draws(5);
    assertThat(first.get(0)).isNotEqualTo(first.get(1));
    assertThat(draws(5)).usingRecursiveComparison().isEqualTo(first);
    assertThat(draws(6).get(0)).isNotEqualTo(first.get(0));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void aPassWithoutGradientsGivesBackWhatItsLayersMade(
      String name, Supplier<ZooBlock> factory, boolean padded) {
    ZooBlock model = initialized(factory);
    List<float[]> outputs = new ArrayList<>();
    List<Integer> arrays = new ArrayList<>();
    for (boolean released : new boolean[] {false, true}) {
      try (NDManager scope = manager.newSubManager();
          GradientMode ignored = GradientMode.off()) {
        Pass pass = Pass.inference(new ParameterStore(scope, false));
        pass = released ? pass.with(Segments.released()) : pass;
        outputs.add(model.forward(pass, inputs(model, scope, padded)).head().toFloatArray());
        arrays.add(scope.getManagedArrays().size());
      }
    }
    assertThat(outputs.get(1)).isEqualTo(outputs.get(0));
    assertThat(arrays.get(1)).isLessThan(arrays.get(0) / 2);
  }

  private List<float[]> draws(long seed) {
    List<float[]> draws = new ArrayList<>();
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Segments segments = new Segments(seed, false);
      Pass pass = Pass.training(new ParameterStore(scope, false)).with(segments);
      for (int i = 0; i < 2; i++) {
        NDArray y = pass.segment(scope.ones(new Shape(64)), (p, x) -> Dropout.apply(p, x, 0.5));
        draws.add(y.toFloatArray());
      }
      assertThat(segments.count()).isEqualTo(2);
    }
    return draws;
  }

  private ZooBlock initialized(Supplier<ZooBlock> factory) {
    ZooBlock model = factory.get();
    JniUtils.setSeed(3);
    model.initialize(manager, DataType.FLOAT32);
    return model;
  }

  private Outcome run(ZooBlock model, boolean padded, boolean recomputed) {
    float loss;
    int arrays;
    ParameterStore store = new ParameterStore(manager, false);
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      JniUtils.setSeed(11);
      Segments segments = new Segments(23, recomputed);
      Pass pass = Pass.training(store).with(segments);
      NDArray output = model.forward(pass, inputs(model, scope, padded)).head();
      NDArray total = Arithmetic.times(output.square().sum(), 0.01).add(output.mean());
      for (NDArray auxiliary : pass.auxiliaryLosses().values()) {
        total = total.add(auxiliary);
      }
      loss = total.getFloat();
      arrays = scope.getManagedArrays().size();
      NDArray gradient = total.onesLike();
      BackwardPass.from(total, gradient);
      segments.backward(gradient);
    }
    Map<String, float[]> gradients = new LinkedHashMap<>();
    StateDict.of(model)
        .forEach(
            (name, parameter) -> {
              if (parameter.requiresGradient()) {
                gradients.put(name, takeGradient(parameter));
              }
            });
    return new Outcome(loss, gradients, arrays);
  }

  private static float[] takeGradient(Parameter parameter) {
    try (PtNDArray gradient = JniUtils.getGradient((PtNDArray) parameter.getArray())) {
      if (gradient == null) {
        return null;
      }
      float[] values = gradient.toFloatArray();
      gradient.subi(gradient);
      return values;
    }
  }

  private static NDList inputs(ZooBlock model, NDManager scope, boolean padded) {
    NDList inputs = new NDList();
    if (model instanceof DecoderLanguageModel) {
      inputs.add(scope.create(new long[] {1, 2, 3, 4, 5, 6, 6, 5, 4, 3}, new Shape(2, 5)));
    } else if (model instanceof VisionTransformer || model instanceof Normalized) {
      inputs.add(
          scope.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).toType(DataType.FLOAT32, false).sin());
    } else {
      inputs.add(scope.arange(2 * 5 * 8).reshape(2, 5, 8).toType(DataType.FLOAT32, false).sin());
    }
    if (padded) {
      boolean[] valid = {true, true, true, true, true, true, true, true, false, false};
      inputs.add(scope.create(valid, new Shape(2, 5)));
    }
    return inputs;
  }

  private static Map<String, float[]> values(ZooBlock model) {
    Map<String, float[]> values = new LinkedHashMap<>();
    StateDict.of(model)
        .forEach(
            (name, parameter) -> {
              try (NDArray value = parameter.getArray().toType(DataType.FLOAT32, true)) {
                values.put(name, value.toFloatArray());
              }
            });
    return values;
  }

  private static ZooBlock decoder(IntFunction<Mixer> mixers, double dropout) {
    return new DecoderLanguageModel(new DecoderConfig(7, 8, 3, 16, true, dropout), mixers);
  }

  private static ZooBlock vision() {
    return new VisionTransformer(new VisionConfig(4, 3, 2, 5, 8, 3, 16, 0.2), i -> attention());
  }

  private static Mixer attention() {
    return new MultiHeadAttention(AttentionConfig.causal(8, 2, null));
  }

  /** An identity that adds a loss of what it is given. */
  private static final class Measuring extends MixerBlock {
    private final Parameter scale = parameter("scale", Initializers.constant(0.5), 1);
    private final int layer;

    Measuring(int layer) {
      this.layer = layer;
    }

    @Override
    public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
      NDArray loss = hidden.square().mul(pass.value(scale, hidden)).mean();
      pass.addAuxiliaryLoss("size", Arithmetic.times(loss, 0.1 * (layer + 1)));
      return hidden;
    }

    @Override
    public boolean isCausal() {
      return true;
    }
  }

  /**
   * Segments that read, besides their input, a projection of it that the loss reads too, one of a
   * pair of projections, and a result of the segment before.
   */
  private static final class Entangled extends ZooBlock {
    private final Linear common = child("common", new Linear(8, 8));
    private final Linear pair = child("pair", new Linear(8, 16));
    private final Linear first = child("first", new Linear(8, 8));
    private final Linear second = child("second", new Linear(8, 8));

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray both = common.forward(pass, inputs.head());
      NDArray read = pass.shared(both.tanh());
      NDList halves = pass.shared(pair.forward(pass, inputs.head()).exp().split(2, 2));
      NDList results =
          pass.segmentAll(
              read,
              (inner, x) -> {
                NDArray y = first.forward(inner, x.mul(read).add(halves.get(0)));
                return new NDList(y.tanh(), y.square());
              });
      NDArray y =
          pass.segment(
              results.get(0),
              (inner, x) -> second.forward(inner, x.mul(results.get(1)).add(read)).tanh());
      return new NDList(y.add(read).add(halves.get(1)));
    }
  }

  /** A convolution and a batch norm in a segment. */
  private static final class Normalized extends ZooBlock {
    private final Conv2d convolution = child("convolution", new Conv2d(Conv2dConfig.of(3, 3, 1)));
    private final BatchNorm2d norm = child("norm", new BatchNorm2d(3));

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = convolution.forward(pass, inputs.head());
      return new NDList(pass.segment(x, norm::forward));
    }
  }
}
