package org.attentionzoo.blocks.papers.seqboat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
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
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The layer against loops in double precision, and at its limiting settings. */
class SeqBoatLayerTest {

  private static final int WIDTH = 6;
  private static final int HIDDEN = 5;
  private static final double TOLERANCE = 2e-5;
  private static final double STEP = 1e-5;

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Which tokens the parameters make the configurator choose. */
  private enum Choice {
    SOME(0),
    NONE(-60),
    ALL(60);

    private final double offset;

    Choice(double offset) {
      this.offset = offset;
    }
  }

  private record Case(
      String name,
      SeqBoatConfig config,
      int batch,
      int length,
      int[] valid,
      Choice choice,
      boolean training) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static SeqBoatConfig config(
      Attention attention,
      Positions positions,
      boolean bidirectional,
      int window,
      int truncation,
      int maxPositions,
      Norm norm,
      boolean preNorm,
      boolean compressAlways) {
    return new SeqBoatConfig(
        WIDTH,
        4,
        HIDDEN,
        2,
        window,
        truncation,
        bidirectional,
        attention,
        positions,
        maxPositions,
        norm,
        preNorm,
        norm == Norm.LAYERNORM || preNorm,
        0.7,
        Routing.LEARNED,
        compressAlways,
        0,
        0,
        0);
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    int i = 0;
    for (Attention attention : Attention.values()) {
      for (Positions positions : Positions.values()) {
        for (boolean bidirectional : new boolean[] {false, true}) {
          String name = attention + " " + positions + (bidirectional ? " both ways" : " causal");
          for (Choice choice : Choice.values()) {
            i++;
            Norm norm = i % 2 == 0 ? Norm.LAYERNORM : Norm.BATCHNORM;
            SeqBoatConfig config =
                config(
                    attention, positions, bidirectional, 3, i % 5, 6, norm, i % 4 < 2, i % 3 == 0);
            cases.add(
                new Case(
                    name + ", " + choice + ", " + norm + (i % 4 < 2 ? " before" : " after"),
                    config,
                    2,
                    17,
                    i % 3 == 1 ? new int[] {17, 9} : new int[] {17, 17},
                    choice,
                    i % 8 < 4));
          }
          SeqBoatConfig plain =
              config(attention, positions, bidirectional, 20, 0, 64, Norm.LAYERNORM, true, false);
          cases.add(
              new Case(
                  name + ", a window as long as the sequence, a row of padding",
                  plain,
                  2,
                  7,
                  new int[] {5, 0},
                  Choice.SOME,
                  false));
          cases.add(new Case(name + ", length 1", plain, 1, 1, new int[] {1}, Choice.ALL, true));
        }
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsLoopsInDoublePrecision(Case c) {
    SeqBoatLayer layer = build(c.config(), c.choice().offset);
    NDArray x = manager.randomNormal(new Shape(c.batch(), c.length(), WIDTH));
    NDArray cotangent = manager.randomNormal(x.getShape());
    boolean[][] valid = new boolean[c.batch()][c.length()];
    boolean[] flat = new boolean[c.batch() * c.length()];
    for (int b = 0; b < c.batch(); b++) {
      for (int t = 0; t < c.valid()[b]; t++) {
        valid[b][t] = true;
        flat[b * c.length() + t] = true;
      }
    }
    NDArray mask = manager.create(flat, new Shape(c.batch(), c.length()));
    Map<String, double[]> weights = new LinkedHashMap<>();
    StateDict.of(layer)
        .forEach(
            (name, p) -> {
              if (p.getArray().getDataType().isFloating()) {
                weights.put(name, doubles(p.getArray()));
              }
            });
    weights.put("input", doubles(x));
    LoopSeqBoatLayer loops = new LoopSeqBoatLayer(c.config(), c.training());
    double[] weight = doubles(cotangent);
    double[] expected = flat(loops.run(weights, cube(weights.get("input"), c), valid));
    Map<String, double[]> gradients = new LinkedHashMap<>();
    List<String> learned = new ArrayList<>();
    StateDict.of(layer)
        .forEach(
            (name, p) -> {
              if (p.requiresGradient()) {
                learned.add(name);
              }
            });
    learned.add("input");
    for (String name : learned) {
      double[] values = weights.get(name);
      double[] slope = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        double value = values[i];
        values[i] = value + STEP;
        double above = dot(flat(loops.run(weights, cube(weights.get("input"), c), valid)), weight);
        values[i] = value - STEP;
        double below = dot(flat(loops.run(weights, cube(weights.get("input"), c), valid)), weight);
        values[i] = value;
        slope[i] = (above - below) / (2 * STEP);
      }
      gradients.put(name, slope);
    }
    for (boolean plain : new boolean[] {false, true}) {
      StateDict.of(layer)
          .values()
          .forEach(
              p -> {
                if (p.requiresGradient() && p.getArray().hasGradient()) {
                  p.getArray().getGradient().muli(0);
                }
              });
      NDArray input = x.duplicate();
      input.setRequiresGradient(true);
      NDArray output;
      try (GradientMode ignored = GradientMode.on()) {
        ParameterStore store = new ParameterStore(manager, false);
        Pass pass = c.training() ? Pass.training(store) : Pass.inference(store);
        output =
            layer
                .forward(plain ? pass.onPlainPath() : pass, input, Sequences.padded(mask))
                .hidden();
        PtNDArray loss = (PtNDArray) output.mul(cotangent).sum();
        BackwardPass.from(loss);
      }
      String path = plain ? "plain " : "fast ";
      close(path + "output", doubles(output), expected);
      gradients.forEach(
          (name, slope) -> {
            NDArray of =
                name.equals("input")
                    ? input.getGradient()
                    : StateDict.of(layer).get(name).getArray().getGradient();
            close(path + "gradient of " + name, doubles(of), slope);
          });
    }
  }

  @Test
  void withoutActivationThereIsOnlyTheUpdate() {
    SeqBoatConfig config =
        config(Attention.SOFTMAX, Positions.SIMPLE, true, 3, 0, 8, Norm.LAYERNORM, true, true);
    SeqBoatLayer none = build(config, -60);
    NDArray x = manager.randomNormal(new Shape(2, 9, WIDTH));
    SeqBoatLayer.Result result = run(none, x);
    assertThat(result.active().sum().getFloat()).isZero();
    StateDict.of(none).get("h_proj.bias").getArray().addi(100);
    assertThat(run(none, x).hidden()).isEqualTo(result.hidden());
  }

  @ParameterizedTest
  @EnumSource(Positions.class)
  void alwaysIsALearnedChoiceOfAll(Positions positions) {
    SeqBoatConfig learned =
        config(Attention.SOFTMAX, positions, false, 4, 0, 8, Norm.LAYERNORM, true, true);
    SeqBoatLayer layer = build(learned, 60);
    SeqBoatLayer always = build(withRouting(learned, Routing.ALWAYS), 60);
    NDArray x = manager.randomNormal(new Shape(2, 9, WIDTH));
    assertThat(run(layer, x).active().mean().getFloat()).isEqualTo(1);
    assertThat(doubles(run(always, x).hidden())).isEqualTo(doubles(run(layer, x).hidden()));
  }

  /** What the moving averages share between the paths: a direct sum and a recurrence agree. */
  @Test
  void theAveragesAreARecurrence() {
    MultiHeadEma ema = new MultiHeadEma(3, 2, false, 0);
    JniUtils.setSeed(5);
    ema.initialize(manager, DataType.FLOAT32);
    int length = 40;
    NDArray x = manager.randomNormal(new Shape(1, length, 3));
    double[] in = doubles(x);
    Map<String, double[]> w = new LinkedHashMap<>();
    StateDict.of(ema).forEach((name, p) -> w.put(name, doubles(p.getArray())));
    double[] expected = new double[in.length];
    for (int d = 0; d < 3; d++) {
      double[] h = new double[2];
      for (int t = 0; t < length; t++) {
        double sum = w.get("omega")[d] * in[t * 3 + d];
        for (int n = 0; n < 2; n++) {
          int at = d * 2 + n;
          double p = 1 / (1 + Math.exp(-w.get("delta")[at]));
          double q = 1 - p / (1 + Math.exp(-w.get("alpha")[at]));
          h[n] = p * w.get("beta")[at] * in[t * 3 + d] + q * h[n];
          sum += w.get("gamma")[at] * h[n] / Math.sqrt(2);
        }
        expected[t * 3 + d] = sum;
      }
    }
    try (GradientMode ignored = GradientMode.off()) {
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      close("by transform", doubles(ema.mix(pass, x, Sequences.FULL)), expected);
      close("plain", doubles(ema.mix(pass.onPlainPath(), x, Sequences.FULL)), expected);
    }
  }

  /** With lag 0 alone the decay, the only thing that alpha decides, does not appear. */
  @Test
  void withATruncationOfOneTheDecayLearnsNothing() {
    MultiHeadEma ema = new MultiHeadEma(3, 2, false, 1);
    JniUtils.setSeed(5);
    ema.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.on()) {
      NDArray x = manager.randomNormal(new Shape(2, 7, 3));
      Pass pass = Pass.training(new ParameterStore(manager, false));
      PtNDArray loss = (PtNDArray) ema.mix(pass, x, Sequences.FULL).square().sum();
      BackwardPass.from(loss);
    }
    StateDict.of(ema)
        .forEach(
            (name, p) -> {
              float largest = p.getArray().getGradient().abs().max().getFloat();
              if (name.equals("alpha")) {
                assertThat(largest).isZero();
              } else {
                assertThat(largest).as(name).isPositive();
              }
            });
  }

  /**
   * Where every bias in sight is negative and scores are small, nothing is positive: no weights.
   */
  @Test
  void squaredReluIsSilentWhereEveryBiasInSightIsNegative() {
    SeqBoatConfig config =
        config(Attention.RELU2, Positions.LOCAL, false, 2, 0, 8, Norm.LAYERNORM, true, true);
    SeqBoatLayer layer = build(config, 60);
    StateDict.of(layer).get("gamma").getArray().muli(0.01);
    StateDict.of(layer).get("beta").getArray().muli(0);
    NDArray table = StateDict.of(layer).get("rel_pos_bias.rel_pos_bias").getArray();
    int origin = 4 * 2 - 1;
    NDArray x = manager.randomNormal(new Shape(1, 9, WIDTH));
    for (int seen = -1; seen < 3; seen++) {
      table.muli(0).subi(1);
      if (seen >= 0) {
        table.get("{}:{}", origin - seen, origin - seen + 1).addi(2);
      }
      NDArray before = run(layer, x).hidden();
      StateDict.of(layer).get("h_proj.weight").getArray().muli(-1);
      double change = run(layer, x).hidden().sub(before).abs().max().getFloat();
      if (seen < 0) {
        assertThat(change).as("no bias in sight is positive").isZero();
      } else {
        assertThat(change).as("the bias %s slots before is positive", seen).isPositive();
      }
    }
  }

  /** The cost is that of the activated tokens. */
  @Test
  void compressedLengthsAddUpToTheShareOfTheLength() {
    int length = 50;
    SeqBoatConfig config =
        config(Attention.SOFTMAX, Positions.SIMPLE, true, 3, 0, 8, Norm.LAYERNORM, true, true);
    NDArray x = manager.randomNormal(new Shape(4, length, WIDTH));
    NDArray active = run(build(config, 0), x).active();
    ActiveTokens tokens = new ActiveTokens(active.gt(0.5), true);
    double ratio = active.mean().getFloat();
    assertThat(ratio).isBetween(0.1, 0.9);
    assertThat((double) tokens.counts().sum().getLong())
        .isCloseTo(ratio * 4 * length, within(1e-3));
    assertThat(tokens.slots()).isEqualTo(tokens.counts().max().getLong()).isLessThan(length);
    assertThat(tokens.compress(x).getShape()).isEqualTo(new Shape(4, tokens.slots(), WIDTH));
    NDArray back = tokens.extract(tokens.compress(x)).mul(active.expandDims(2));
    assertThat(back).isEqualTo(x.mul(active.expandDims(2)));
  }

  private static SeqBoatConfig withRouting(SeqBoatConfig c, Routing routing) {
    return new SeqBoatConfig(
        c.width(),
        c.queryWidth(),
        c.hidden(),
        c.averages(),
        c.window(),
        c.truncation(),
        c.bidirectional(),
        c.attention(),
        c.positions(),
        c.maxPositions(),
        c.norm(),
        c.preNorm(),
        c.normAffine(),
        c.temperatureScale(),
        routing,
        c.compressAlways(),
        c.dropout(),
        c.attentionDropout(),
        c.hiddenDropout());
  }

  private SeqBoatLayer.Result run(SeqBoatLayer layer, NDArray x) {
    try (GradientMode ignored = GradientMode.off()) {
      return layer.forward(Pass.inference(new ParameterStore(manager, false)), x, Sequences.FULL);
    }
  }

  /** A layer in which all parts matter: initial values leave attention next to nothing. */
  private SeqBoatLayer build(SeqBoatConfig config, double offset) {
    JniUtils.setSeed(11);
    SeqBoatLayer layer = new SeqBoatLayer(config);
    layer.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.off()) {
      for (Map.Entry<String, Parameter> entry : StateDict.of(layer).entrySet()) {
        NDArray array = entry.getValue().getArray();
        if (array.getDataType().isFloating()) {
          NDArray noise = Arithmetic.times(manager.randomNormal(array.getShape()), 0.4);
          array.addi(entry.getKey().endsWith("running_var") ? noise.abs() : noise);
        }
      }
      float[] shift = new float[2 + WIDTH];
      shift[1] = (float) offset;
      StateDict.of(layer).get("hx_proj.bias").getArray().addi(manager.create(shift));
    }
    return layer;
  }

  private static void close(String what, double[] actual, double[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double scale = 1e-3;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as(what).isFinite();
      worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / scale);
    }
    assertThat(worst).as(what).isLessThanOrEqualTo(TOLERANCE);
  }

  private static double[] doubles(NDArray x) {
    return x.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  private static double[][][] cube(double[] values, Case c) {
    double[][][] cube = new double[c.batch()][c.length()][WIDTH];
    for (int i = 0; i < values.length; i++) {
      cube[i / WIDTH / c.length()][i / WIDTH % c.length()][i % WIDTH] = values[i];
    }
    return cube;
  }

  private static double[] flat(double[][][] cube) {
    List<Double> values = new ArrayList<>();
    for (double[][] row : cube) {
      for (double[] token : row) {
        for (double value : token) {
          values.add(value);
        }
      }
    }
    return values.stream().mapToDouble(v -> v).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
