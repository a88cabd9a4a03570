package org.attentionzoo.blocks.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention.Kind;
import org.attentionzoo.blocks.papers.ecanet.EcaConfig;
import org.attentionzoo.blocks.papers.ecanet.EfficientChannelAttention;
import org.attentionzoo.blocks.vision.LoopNetworks.Images;
import org.attentionzoo.blocks.vision.ResidualUnit.Form;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Units and whole networks against {@link LoopNetworks}: outputs, gradients, statistics. */
class NetworksByLoopsTest {

  private static final double TOLERANCE = 5e-5;
  private static final double STEP = 1e-6;

  private NDManager manager;
  private final Random random = new Random(11);

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static ChannelGates gates(int k) {
    return ChannelGates.of("eca", c -> new EfficientChannelAttention(EcaConfig.of(c, k)));
  }

  /** Initialises a block, norms and statistics at random too. */
  private Map<String, double[]> initialise(UnaryBlock block) {
    block.initialize(manager, DataType.FLOAT32);
    Map<String, double[]> values = new LinkedHashMap<>();
    try (GradientMode ignored = GradientMode.off()) {
      StateDict.of(block)
          .forEach(
              (name, parameter) -> {
                NDArray array = parameter.getArray();
                if (array.getDataType() != DataType.FLOAT32) {
                  return;
                }
                if (array.getShape().dimension() == 1) {
                  array.addi(manager.randomUniform(0f, 0.5f, array.getShape()));
                }
                values.put(name, doubles(array));
              });
    }
    return values;
  }

  private static double[] doubles(NDArray array) {
    float[] floats = array.toFloatArray();
    double[] result = new double[floats.length];
    Arrays.setAll(result, i -> floats[i]);
    return result;
  }

  private Images images(int... sizes) {
    Images images = new Images(sizes[0], sizes[1], sizes[2], sizes[3]);
    // Values that float32 holds exactly.
    Arrays.setAll(images.v(), i -> (float) random.nextGaussian());
    return images;
  }

  private NDArray array(Images images) {
    float[] floats = new float[images.v().length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) images.v()[i];
    }
    return manager.create(floats, new Shape(images.b(), images.c(), images.h(), images.w()));
  }

  private static void close(double[] actual, double[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double most = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as(what + " at " + i)
          .isCloseTo(expected[i], within(TOLERANCE * Math.max(most, 1e-3)));
    }
  }

  /** Compares outputs, running statistics and gradients at some places of each tensor. */
  private void check(
      UnaryBlock block,
      Images x,
      boolean training,
      BiFunction<LoopNetworks, Images, double[]> loops) {
    Map<String, double[]> weights = initialise(block);
    LoopNetworks reference = new LoopNetworks(weights, training);
    double[] expected = loops.apply(reference, x);
    double[] cotangent = new double[expected.length];
    Arrays.setAll(cotangent, i -> (float) random.nextGaussian());
    NDArray input = array(x);
    input.setRequiresGradient(true);
    ParameterStore store = new ParameterStore(manager, false);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = block.forward(training ? Pass.training(store) : Pass.inference(store), input);
      close(doubles(y), expected, "output");
      float[] floats = new float[cotangent.length];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) cotangent[i];
      }
      collector.backward(y.mul(manager.create(floats, y.getShape())).sum());
    }
    Map<String, Parameter> parameters = StateDict.of(block);
    if (training) {
      reference.moved.forEach(
          (name, moved) -> close(doubles(parameters.get(name).getArray()), moved, name));
    }
    weights.forEach(
        (name, values) -> {
          if (!name.contains("running_")) {
            double[] gradient = doubles(parameters.get(name).getArray().getGradient());
            compare(name, gradient, values, training, weights, x, cotangent, loops);
          }
        });
    compare("x", doubles(input.getGradient()), x.v(), training, weights, x, cotangent, loops);
  }

  private void compare(
      String name,
      double[] gradient,
      double[] values,
      boolean training,
      Map<String, double[]> weights,
      Images x,
      double[] cotangent,
      BiFunction<LoopNetworks, Images, double[]> loops) {
    double scale = Math.max(1e-3, Arrays.stream(gradient).map(Math::abs).max().orElse(0));
    for (int sample = 0; sample < Math.min(6, values.length); sample++) {
      int at = random.nextInt(values.length);
      double kept = values[at];
      values[at] = kept + STEP;
      double above = dot(loops.apply(new LoopNetworks(weights, training), x), cotangent);
      values[at] = kept - STEP;
      double below = dot(loops.apply(new LoopNetworks(weights, training), x), cotangent);
      values[at] = kept;
      assertThat(gradient[at])
          .as("gradient of " + name + " at " + at)
          .isCloseTo((above - below) / (2 * STEP), within(2 * TOLERANCE * scale));
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @ParameterizedTest
  @CsvSource({
    // form, in, planes, stride, downsample, k, batch, height, width, training
    "BASIC, 6, 6, 1, false, 3, 2, 5, 7, true",
    "BASIC, 6, 6, 1, true, 5, 1, 4, 3, true",
    "BASIC, 5, 7, 2, true, 3, 3, 7, 5, true",
    "BASIC, 5, 7, 2, true, 7, 1, 1, 5, false",
    "BOTTLENECK, 12, 3, 1, false, 5, 2, 3, 5, true",
    "BOTTLENECK, 12, 3, 1, false, 1, 1, 5, 1, false",
    "BOTTLENECK, 5, 3, 2, true, 3, 2, 7, 4, true",
    "BOTTLENECK, 5, 3, 1, true, 9, 1, 3, 3, true",
  })
  void residualUnits(
      Form form,
      int in,
      int planes,
      int stride,
      boolean downsample,
      int k,
      int batch,
      int height,
      int width,
      boolean training) {
    check(
        new ResidualUnit(form, in, planes, stride, downsample, gates(k), 0),
        images(batch, in, height, width),
        training,
        (loops, x) -> loops.residual("", x, form == Form.BOTTLENECK, stride).v());
  }

  @ParameterizedTest
  @CsvSource({
    // in, out, stride, expansion, k, batch, height, width, training
    "5, 5, 1, 6, 3, 2, 5, 3, true",
    "5, 7, 1, 1, 1, 2, 4, 5, true",
    "4, 4, 1, 1, 5, 1, 3, 3, false",
    "4, 6, 2, 6, 3, 1, 7, 5, true",
    "4, 4, 2, 1, 3, 2, 5, 5, false",
    "5, 5, 1, 2.5, 3, 2, 3, 5, true",
  })
  void invertedResiduals(
      int in,
      int out,
      int stride,
      double expansion,
      int k,
      int batch,
      int height,
      int width,
      boolean training) {
    check(
        new InvertedResidual(in, out, stride, expansion, gates(k), 0),
        images(batch, in, height, width),
        training,
        (loops, x) -> loops.inverted("", x, stride).v());
  }

  @ParameterizedTest
  @CsvSource({
    "LARGE, BASIC, 1, 33, 27, false",
    "LARGE, BOTTLENECK, 2, 37, 35, true",
    "SMALL, BASIC, 2, 9, 7, true",
    "SMALL, BOTTLENECK, 1, 8, 5, false",
  })
  void wholeResNets(
      ResNetConfig.Stem stem, Form form, int batch, int height, int width, boolean training) {
    boolean large = stem == ResNetConfig.Stem.LARGE;
    List<Integer> units = large ? List.of(1, 2, 1, 1) : List.of(2, 1, 1);
    ChannelGates gates = new ChannelAttention(Kind.ECA, large ? "3577" : "353");
    check(
        new ResNet(new ResNetConfig(stem, form, units, 3, 3, 4), gates),
        images(batch, 3, height, width),
        training,
        (loops, x) -> loops.resNet(x, large, form == Form.BOTTLENECK, units));
  }

  @Test
  void aWholeMobileNet() {
    MobileNetV2 network =
        new MobileNetV2(0.125, 3, 5, 0.25, new ChannelAttention(Kind.ECA, "1111333"));
    Map<String, double[]> weights = initialise(network);
    Images x = images(2, 3, 35, 33);
    NDArray y = network.forward(Pass.inference(new ParameterStore(manager, false)), array(x));
    close(doubles(y), new LoopNetworks(weights, false).mobileNet(x), "logits");
  }
}
