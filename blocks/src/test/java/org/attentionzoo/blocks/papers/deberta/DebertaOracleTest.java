package org.attentionzoo.blocks.papers.deberta;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.DebertaByLoops.Switches;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Outputs and gradients against loops over doubles, the gradients by central differences. */
final class DebertaOracleTest {

  private static final int V = 9;
  private static final int D = 8;
  private static final double TOLERANCE = 2e-5;
  private static final double STEP = 1e-5;

  /** What the cases switch. */
  private enum Masking {
    NONE,
    LEFT_AND_RIGHT,
    A_ROW_OF_PADDING,
    PAIRS,
    KEYS_ONLY
  }

  /** A combination of switches that no official case has. */
  enum Combination {
    DISTANCES_CUT_AT_3(11, 2, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return base(2, "c2p|p2c", 3, -1, false, false, 0, DebertaActivation.TANH, 1);
      }
    },
    BUCKETS_5_OF_9_CONVOLUTION_5_RELU_GROUPS_2(13, 2, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return base(3, "p2c|c2p", 9, 5, true, true, 5, DebertaActivation.RELU, 2);
      }
    },
    CONVOLUTION_3_TANH_NO_BUCKETS(7, 2, Masking.A_ROW_OF_PADDING) {
      @Override
      DebertaConfig config() {
        return base(3, "c2p", -1, -1, false, true, 3, DebertaActivation.TANH, 1);
      }
    },
    CONVOLUTION_5_SIGMOID_GROUPS_8(6, 1, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return base(2, "c2p|p2c", -1, 4, true, false, 5, DebertaActivation.SIGMOID, 8);
      }
    },
    CONVOLUTION_1_SWISH(5, 2, Masking.NONE) {
      @Override
      DebertaConfig config() {
        return base(1, "none", -1, 4, true, false, 1, DebertaActivation.SWISH, 4);
      }
    },
    POSITION_TO_CONTENT_ALONE(9, 2, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return base(2, "p2c", 6, 6, false, true, 0, DebertaActivation.TANH, 1);
      }
    },
    ABSOLUTE_TYPES_NARROW_TABLES(7, 2, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return base(2, "c2p|p2c", -1, 4, true, true, 3, DebertaActivation.GELU, 1)
            .withEmbeddings(3, 6, true);
      }
    },
    WITHOUT_RELATIVE_ATTENTION(5, 2, Masking.LEFT_AND_RIGHT) {
      @Override
      DebertaConfig config() {
        return without(base(2, "c2p|p2c", -1, -1, false, true, 0, DebertaActivation.TANH, 1));
      }
    },
    ONE_TOKEN_FOUR_LAYERS(1, 1, Masking.NONE) {
      @Override
      DebertaConfig config() {
        return base(4, "c2p|p2c", -1, 7, true, true, 3, DebertaActivation.GELU, 1);
      }
    },
    MASK_OF_PAIRS(6, 2, Masking.PAIRS) {
      @Override
      DebertaConfig config() {
        return base(2, "c2p|p2c", -1, 4, true, true, 3, DebertaActivation.GELU, 1);
      }
    },
    MASK_OF_KEYS(6, 2, Masking.KEYS_ONLY) {
      @Override
      DebertaConfig config() {
        return base(2, "c2p|p2c", -1, 4, true, true, 0, DebertaActivation.GELU, 1);
      }
    };

    final int length;
    final int batch;
    final Masking masking;

    Combination(int length, int batch, Masking masking) {
      this.length = length;
      this.batch = batch;
      this.masking = masking;
    }

    abstract DebertaConfig config();
  }

  /** Two heads of width 4, 20 absolute positions, padding index 3. */
  private static DebertaConfig base(
      int layers,
      String terms,
      int maximum,
      int buckets,
      boolean share,
      boolean normalize,
      int kernel,
      DebertaActivation convolving,
      int groups) {
    DebertaActivation inner =
        DebertaActivation.values()[(layers + kernel) % DebertaActivation.values().length];
    return new DebertaConfig(
        D,
        layers,
        2,
        12,
        inner,
        0,
        0,
        20,
        0,
        0,
        3,
        false,
        true,
        terms,
        maximum,
        buckets,
        share,
        normalize,
        1e-7,
        kernel,
        convolving,
        groups,
        0.02);
  }

  private static DebertaConfig without(DebertaConfig c) {
    return new DebertaConfig(
        c.width(),
        c.layers(),
        c.heads(),
        c.hidden(),
        c.activation(),
        0,
        0,
        c.maximumPositions(),
        c.tokenTypes(),
        c.embeddingWidth(),
        c.paddingIndex(),
        true,
        false,
        c.positionAttention(),
        c.maximumRelativePositions(),
        c.positionBuckets(),
        c.shareAttentionKey(),
        c.normalizeRelative(),
        c.layerNormEpsilon(),
        0,
        DebertaActivation.TANH,
        1,
        c.initializerRange());
  }

  private static Switches switches(DebertaConfig c) {
    Switches s = new Switches();
    s.heads = c.heads();
    s.layers = c.layers();
    s.hiddenAct = c.activation().name().toLowerCase(Locale.ROOT);
    s.paddingIndex = c.paddingIndex();
    s.biased = c.positionBiasedInput();
    s.relative = c.relativeAttention();
    s.terms = List.of(c.positionAttention().split("\\|"));
    s.maxRelative =
        c.maximumRelativePositions() < 1 ? c.maximumPositions() : c.maximumRelativePositions();
    s.buckets = c.positionBuckets();
    s.share = c.shareAttentionKey();
    s.normRelative = c.normalizeRelative();
    s.convolution = c.convolutionKernel();
    s.convAct = c.convolutionActivation().name().toLowerCase(Locale.ROOT);
    s.groups = c.convolutionGroups();
    s.eps = c.layerNormEpsilon();
    return s;
  }

  private NDManager manager;
  private final Random random = new Random(11);

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(7);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private <B extends ZooBlock> B built(B block) {
    block.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.off()) {
      for (Parameter parameter : StateDict.of(block).values()) {
        parameter.getArray().addi(manager.randomNormal(parameter.getShape()).mul(0.3f));
      }
    }
    return block;
  }

  /** The weights as doubles; the prefixes that a head puts before its parts are left out. */
  private static Map<String, double[]> weights(ZooBlock block) {
    Map<String, double[]> weights = new LinkedHashMap<>();
    StateDict.of(block)
        .forEach(
            (name, parameter) -> {
              float[] values = parameter.getArray().toFloatArray();
              double[] doubles = new double[values.length];
              for (int i = 0; i < values.length; i++) {
                doubles[i] = values[i];
              }
              weights.put(bare(name), doubles);
            });
    return weights;
  }

  private static String bare(String name) {
    return name.replaceFirst("^deberta\\.", "").replaceFirst("^lm_predictions\\.", "");
  }

  /** Inputs of a case: tokens, types, places, and the mask in the form of the case. */
  private record Inputs(
      int[][] ids, int[][] types, boolean[][] live, boolean[][][] visible, NDArray mask) {}

  private Inputs inputs(int batch, int length, Masking masking) {
    int[][] ids = new int[batch][length];
    int[][] types = new int[batch][length];
    boolean[][] live = new boolean[batch][length];
    boolean[][][] visible = new boolean[batch][length][length];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < length; i++) {
        ids[b][i] = random.nextInt(V);
        types[b][i] = random.nextInt(3);
        live[b][i] =
            switch (masking) {
              case NONE -> true;
              case LEFT_AND_RIGHT -> b == 0 ? i < length - 2 : i > 0;
              case A_ROW_OF_PADDING -> b == 0 && i != 1;
              case PAIRS, KEYS_ONLY -> i != 2;
            };
      }
      for (int i = 0; i < length; i++) {
        for (int j = 0; j < length; j++) {
          visible[b][i][j] =
              switch (masking) {
                case PAIRS -> live[b][j] && (j <= i || b == 1 && j == length - 1);
                case KEYS_ONLY -> live[b][j];
                default -> live[b][i] && live[b][j];
              };
        }
      }
    }
    NDArray mask =
        switch (masking) {
          case NONE -> null;
          case LEFT_AND_RIGHT, A_ROW_OF_PADDING -> mask(live, new Shape(batch, length));
          case KEYS_ONLY -> mask(live, new Shape(batch, 1, 1, length));
          case PAIRS -> {
            boolean[][] flat = new boolean[batch * length][];
            for (int r = 0; r < flat.length; r++) {
              flat[r] = visible[r / length][r % length];
            }
            yield mask(flat, new Shape(batch, length, length));
          }
        };
    return new Inputs(ids, types, live, visible, mask);
  }

  private NDArray mask(boolean[][] set, Shape shape) {
    long[] flat = new long[set.length * set[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = set[i / set[0].length][i % set[0].length] ? 1 : 0;
    }
    return manager.create(flat, shape);
  }

  private NDArray tokens(int[][] ids) {
    long[] flat = new long[ids.length * ids[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = ids[i / ids[0].length][i % ids[0].length];
    }
    return manager.create(flat, new Shape(ids.length, ids[0].length));
  }

  private static int[] counted(int length) {
    int[] places = new int[length];
    for (int i = 0; i < length; i++) {
      places[i] = i;
    }
    return places;
  }

  /** Compares outputs, then gradients of a random combination of the outputs. */
  private void agree(
      ZooBlock block,
      java.util.function.Function<Pass, NDList> ours,
      java.util.function.Function<Map<String, double[]>, List<double[][]>> theirs,
      int paddingIndex) {
    Map<String, double[]> weights = weights(block);
    List<double[]> expected = flat(theirs.apply(weights));
    List<double[]> cotangents = new ArrayList<>();
    for (double[] output : expected) {
      double[] cotangent = new double[output.length];
      for (int i = 0; i < cotangent.length; i++) {
        cotangent[i] = (float) random.nextGaussian();
      }
      cotangents.add(cotangent);
    }
    Map<String, double[]> gradients =
        differences(weights, () -> dot(flat(theirs.apply(weights)), cotangents));
    for (boolean plain : new boolean[] {false, true}) {
      Pass pass = Pass.training(new ParameterStore(manager, false));
      try (GradientMode ignored = GradientMode.on()) {
        NDList outputs = ours.apply(plain ? pass.onPlainPath() : pass);
        NDArray sum = null;
        for (int i = 0; i < outputs.size(); i++) {
          NDArray output = outputs.get(i);
          check("output " + i, output.toFloatArray(), expected.get(i));
          float[] cotangent = new float[cotangents.get(i).length];
          for (int c = 0; c < cotangent.length; c++) {
            cotangent[c] = (float) cotangents.get(i)[c];
          }
          NDArray term = output.mul(manager.create(cotangent, output.getShape())).sum();
          sum = sum == null ? term : sum.add(term);
        }
        BackwardPass.from(sum);
      }
      double largest =
          gradients.values().stream()
              .flatMapToDouble(java.util.Arrays::stream)
              .map(Math::abs)
              .max()
              .orElseThrow();
      assertThat(largest).isGreaterThan(0.01);
      StateDict.of(block)
          .forEach(
              (name, parameter) -> {
                double[] gradient = gradients.get(bare(name)).clone();
                if (name.endsWith("word_embeddings.weight") && !name.startsWith("lm_")) {
                  if (paddingIndex >= 0) {
                    clearInput(gradient, paddingIndex, parameter.getShape().get(1), bare(name));
                  }
                }
                NDArray actual = parameter.getArray().getGradient();
                check("gradient of " + name, actual.toFloatArray(), gradient, largest);
                try (GradientMode ignored = GradientMode.off()) {
                  actual.muli(0);
                }
              });
    }
  }

  /** The row of the padding token gets no gradient as an input. */
  private static void clearInput(double[] gradient, int row, long width, String name) {
    assertThat(name).isEqualTo("embeddings.word_embeddings.weight");
    for (int i = 0; i < width; i++) {
      gradient[(int) (row * width + i)] = 0;
    }
  }

  private static Map<String, double[]> differences(
      Map<String, double[]> weights, Supplier<Double> value) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    weights.forEach(
        (name, values) -> {
          double[] gradient = new double[values.length];
          for (int i = 0; i < values.length; i++) {
            double kept = values[i];
            values[i] = kept + STEP;
            double more = value.get();
            values[i] = kept - STEP;
            gradient[i] = (more - value.get()) / (2 * STEP);
            values[i] = kept;
          }
          gradients.put(name, gradient);
        });
    return gradients;
  }

  private static List<double[]> flat(List<double[][]> outputs) {
    List<double[]> all = new ArrayList<>();
    for (double[][] output : outputs) {
      double[] values = new double[output.length * output[0].length];
      for (int i = 0; i < values.length; i++) {
        values[i] = output[i / output[0].length][i % output[0].length];
      }
      all.add(values);
    }
    return all;
  }

  private static double dot(List<double[]> outputs, List<double[]> cotangents) {
    double sum = 0;
    for (int o = 0; o < outputs.size(); o++) {
      for (int i = 0; i < outputs.get(o).length; i++) {
        sum += outputs.get(o)[i] * cotangents.get(o)[i];
      }
    }
    return sum;
  }

  private static void check(String what, float[] actual, double[] expected) {
    double scale = 1e-3;
    for (double value : expected) {
      scale = Math.max(scale, Math.abs(value));
    }
    check(what, actual, expected, scale);
  }

  private static void check(String what, float[] actual, double[] expected, double scale) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / scale);
      assertThat(Float.isFinite(actual[i])).as(what + " is finite").isTrue();
    }
    assertThat(worst).as(what).isLessThan(TOLERANCE);
  }

  @ParameterizedTest
  @EnumSource
  void theEncoderAgreesWithLoops(Combination combination) {
    DebertaConfig config = combination.config();
    Deberta block = built(new Deberta(V, config));
    Inputs in = inputs(combination.batch, combination.length, combination.masking);
    int width = config.tableWidth();
    agree(
        block,
        pass -> block.encode(pass, tokens(in.ids), in.mask, tokens(in.types), null, null).layers(),
        weights -> {
          DebertaByLoops loops = new DebertaByLoops(switches(config), weights);
          List<double[][]> all = new ArrayList<>();
          for (int b = 0; b < in.ids.length; b++) {
            double[][] embedded =
                loops.embed(in.ids[b], in.types[b], counted(combination.length), in.live[b], width);
            List<double[][]> layers = loops.encode(embedded, in.visible[b], in.live[b]);
            for (int l = 0; l < layers.size(); l++) {
              if (b == 0) {
                all.add(layers.get(l));
              } else {
                all.set(l, joined(all.get(l), layers.get(l)));
              }
            }
          }
          return all;
        },
        config.paddingIndex());
  }

  private static double[][] joined(double[][] a, double[][] b) {
    double[][] both = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  /**
   * Versions, and masks at the end of a row, where places are counted as the official code does.
   */
  enum Decoded {
    VERSION_1,
    VERSION_2,
    VERSION_3
  }

  @ParameterizedTest
  @EnumSource
  void theMaskDecoderAgreesWithLoops(Decoded version) {
    DebertaConfig config =
        switch (version) {
          case VERSION_1 -> base(2, "c2p|p2c", 5, -1, false, false, 0, DebertaActivation.TANH, 1);
          case VERSION_2 -> base(3, "p2c|c2p", -1, 4, true, true, 3, DebertaActivation.GELU, 1);
          case VERSION_3 -> base(2, "p2c|c2p", -1, 6, true, true, 0, DebertaActivation.TANH, 1);
        };
    DebertaMaskedLanguageModel block = built(new DebertaMaskedLanguageModel(V, config, true));
    int length = 7;
    Inputs in = inputs(1, length, Masking.LEFT_AND_RIGHT);
    // tied words get a gradient as outputs too: no token of the input is the padding token
    for (int i = 0; i < length; i++) {
      in.ids[0][i] = in.ids[0][i] == 3 ? 4 : in.ids[0][i];
    }
    int[] places = counted(length);
    for (int i = length - 2; i < length; i++) {
      places[i] = 0;
    }
    NDArray ids = tokens(in.ids);
    NDArray valid = in.mask.neq(0);
    NDArray seen =
        block.deberta().places(Pass.inference(new ParameterStore(manager, false)), ids, valid);
    // what stands in padding does not matter for valid tokens; take the block's own places there
    long[] given = seen.toLongArray();
    for (int i = 0; i < length; i++) {
      assertThat(i >= length - 2 || given[i] == i).isTrue();
      places[i] = (int) given[i];
    }
    agree(
        block,
        pass -> block.forward(pass, new NDList(ids, valid)),
        weights -> {
          DebertaByLoops loops = new DebertaByLoops(switches(config), weights);
          double[][] embedded = loops.embed(in.ids[0], in.types[0], places, in.live[0], D);
          List<double[][]> layers = loops.encode(embedded, in.visible[0], in.live[0]);
          return Collections.singletonList(
              loops.decode(layers, loops.positions(places, D), in.visible[0]));
        },
        -1);
  }
}
