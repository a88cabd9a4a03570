package org.attentionzoo.blocks.papers.sasrec;

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
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.papers.sasrec.SasRecConfig.Norm;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SelfAttentiveRecommenderTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(7);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private SelfAttentiveRecommender model(SasRecConfig config) {
    SelfAttentiveRecommender model = new SelfAttentiveRecommender(config);
    model.initialize(manager, DataType.FLOAT32);
    // Norms and biases off their initial values, and a padding row that is not zero.
    try (GradientMode ignored = GradientMode.off()) {
      for (Parameter parameter : StateDict.of(model).values()) {
        NDArray noise = manager.randomNormal(0, 0.2f, parameter.getShape(), DataType.FLOAT32);
        parameter.getArray().addi(noise);
      }
    }
    return model;
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private static SasRecConfig config(
      Norm norm, int heads, boolean keyMask, boolean positions, boolean causal) {
    return new SasRecConfig(9, 7, 6, 2, heads, 0, norm, keyMask, positions, causal, 0);
  }

  private static final long[][] HISTORIES = {
    {0, 0, 3, 1, 9}, {4, 4, 2, 8, 5}, {0, 0, 0, 0, 0}, {1, 0, 2, 0, 7}
  };

  private NDArray histories(long[][] rows) {
    NDList list = new NDList();
    for (long[] row : rows) {
      list.add(manager.create(row));
    }
    return ai.djl.ndarray.NDArrays.stack(list);
  }

  /** The equations for one history, by loops in double precision. */
  private static final class Oracle {
    private final SasRecConfig config;
    private final Map<String, Parameter> state;
    private final int d;

    Oracle(SasRecConfig config, SelfAttentiveRecommender model) {
      this.config = config;
      state = StateDict.of(model);
      d = config.hidden();
    }

    private float[] w(String name) {
      return state.get(name).getArray().toFloatArray();
    }

    double[][] features(long[] s) {
      boolean zeroed = config.norm() == Norm.OFFICIAL || config.norm() == Norm.EARLY;
      int length = s.length;
      float[] items = w("item_emb.weight");
      double[][] x = new double[length][d];
      for (int t = 0; t < length; t++) {
        for (int c = 0; c < d; c++) {
          x[t][c] = Math.sqrt(d) * items[(int) s[t] * d + c];
          if (config.positions()) {
            int slot =
                switch (config.norm()) {
                  case OFFICIAL -> config.maxlen() - length + t;
                  case EARLY -> t;
                  default -> s[t] == 0 ? 0 : t + 1;
                };
            x[t][c] += w("pos_emb.weight")[slot * d + c];
          }
          x[t][c] *= zeroed && s[t] == 0 ? 0 : 1;
        }
      }
      for (int i = 0; i < config.blocks(); i++) {
        x = block(i, x, s);
        for (int t = 0; t < length; t++) {
          for (int c = 0; c < d; c++) {
            x[t][c] *= zeroed && s[t] == 0 ? 0 : 1;
          }
        }
      }
      return norm("last_layernorm", x);
    }

    private double[][] block(int i, double[][] x, long[] s) {
      String first = "attention_layernorms." + i;
      String second = "forward_layernorms." + i;
      switch (config.norm()) {
        case OFFICIAL, EARLY, LEGACY -> {
          double[][] q = norm(first, x);
          double[][] z = norm(second, sum(q, attention(i, q, x, s)));
          return sum(z, network(i, z));
        }
        case PRE -> {
          double[][] n = norm(first, x);
          double[][] y = sum(x, attention(i, n, n, s));
          return sum(y, network(i, norm(second, y)));
        }
        default -> {
          double[][] y = norm(first, sum(x, attention(i, x, x, s)));
          return norm(second, sum(y, network(i, y)));
        }
      }
    }

    private double[][] norm(String name, double[][] x) {
      float[] weight = w(name + ".weight");
      float[] bias = w(name + ".bias");
      double[][] y = new double[x.length][d];
      for (int t = 0; t < x.length; t++) {
        double mean = 0;
        double variance = 0;
        for (double v : x[t]) {
          mean += v / d;
        }
        for (double v : x[t]) {
          variance += (v - mean) * (v - mean) / d;
        }
        for (int c = 0; c < d; c++) {
          y[t][c] = (x[t][c] - mean) / Math.sqrt(variance + 1e-8) * weight[c] + bias[c];
        }
      }
      return y;
    }

    private double[][] linear(float[] weight, float[] bias, int row, double[][] x) {
      double[][] y = new double[x.length][d];
      for (int t = 0; t < x.length; t++) {
        for (int o = 0; o < d; o++) {
          y[t][o] = bias[row + o];
          for (int c = 0; c < d; c++) {
            y[t][o] += weight[(row + o) * d + c] * x[t][c];
          }
        }
      }
      return y;
    }

    private double[][] attention(int i, double[][] from, double[][] to, long[] s) {
      String name = "attention_layers." + i + ".";
      float[] weight = w(name + "in_proj_weight");
      float[] bias = w(name + "in_proj_bias");
      double[][] q = linear(weight, bias, 0, from);
      double[][] k = linear(weight, bias, d, to);
      double[][] v = linear(weight, bias, 2 * d, to);
      int size = d / config.heads();
      double[][] y = new double[s.length][d];
      for (int h = 0; h < config.heads(); h++) {
        for (int t = 0; t < s.length; t++) {
          double total = 0;
          double[] p = new double[s.length];
          for (int u = 0; u < s.length; u++) {
            if ((u > t && config.causal()) || (s[u] == 0 && config.keyPaddingMask())) {
              continue;
            }
            double logit = 0;
            for (int c = h * size; c < (h + 1) * size; c++) {
              logit += q[t][c] * k[u][c] / Math.sqrt(size);
            }
            p[u] = Math.exp(logit);
            total += p[u];
          }
          for (int u = 0; u < s.length && total > 0; u++) {
            for (int c = h * size; c < (h + 1) * size; c++) {
              y[t][c] += p[u] / total * v[u][c];
            }
          }
        }
      }
      return config.norm() == Norm.OFFICIAL
          ? y
          : linear(w(name + "out_proj.weight"), w(name + "out_proj.bias"), 0, y);
    }

    private double[][] network(int i, double[][] x) {
      String name = "forward_layers." + i + ".";
      double[][] inner = linear(w(name + "conv1.weight"), w(name + "conv1.bias"), 0, x);
      for (double[] row : inner) {
        for (int c = 0; c < d; c++) {
          row[c] = config.norm() == Norm.EARLY ? row[c] : Math.max(0, row[c]);
        }
      }
      return linear(w(name + "conv2.weight"), w(name + "conv2.bias"), 0, inner);
    }

    private static double[][] sum(double[][] a, double[][] b) {
      double[][] y = new double[a.length][a[0].length];
      for (int t = 0; t < a.length; t++) {
        for (int c = 0; c < a[t].length; c++) {
          y[t][c] = a[t][c] + b[t][c];
        }
      }
      return y;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "OFFICIAL, 1, true, true, true",
    "OFFICIAL, 3, true, true, true",
    "OFFICIAL, 2, false, false, true",
    "OFFICIAL, 2, true, false, false",
    "EARLY, 1, false, true, true",
    "EARLY, 3, true, true, true",
    "LEGACY, 1, false, true, true",
    "LEGACY, 3, true, true, true",
    "LEGACY, 2, false, false, false",
    "PRE, 1, false, true, true",
    "PRE, 2, true, true, true",
    "POST, 1, false, true, true",
    "POST, 2, true, true, true"
  })
  void computesTheEquations(
      Norm norm, int heads, boolean keyMask, boolean positions, boolean causal) {
    SasRecConfig config = config(norm, heads, keyMask, positions, causal);
    SelfAttentiveRecommender model = model(config);
    NDArray histories = histories(HISTORIES);
    float[] items = StateDict.of(model).get("item_emb.weight").getArray().toFloatArray();
    for (Pass pass : new Pass[] {pass(), pass().onPlainPath()}) {
      float[] features = model.features(pass, histories).toFloatArray();
      float[] scores = model.forward(pass, new NDList(histories)).head().toFloatArray();
      for (int b = 0; b < HISTORIES.length; b++) {
        double[][] expected = new Oracle(config, model).features(HISTORIES[b]);
        int at = b * 5 * 6;
        for (double[] row : expected) {
          for (double value : row) {
            assertThat((double) features[at++]).isCloseTo(value, within(2e-5));
          }
        }
        for (int i = 0; i <= 9; i++) {
          double score = 0;
          for (int c = 0; c < 6; c++) {
            score += expected[4][c] * items[i * 6 + c];
          }
          assertThat((double) scores[b * 10 + i]).isCloseTo(score, within(5e-5));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void scoresTheSameItemsInEveryForm(Norm norm) {
    SelfAttentiveRecommender model = model(config(norm, 2, norm == Norm.OFFICIAL, true, true));
    NDArray histories = histories(HISTORIES);
    NDArray all = manager.arange(0, 10, 1, DataType.INT64);
    NDArray last = model.forward(pass(), new NDList(histories)).head();
    assertThat(last.getShape()).isEqualTo(new Shape(4, 10));
    NDArray each = model.forward(pass(), new NDList(histories, all)).head();
    assertThat(each.getShape()).isEqualTo(new Shape(4, 5, 10));
    NDArray afterLast =
        model.forward(pass(), new NDList(histories, all.reshape(1, 10).repeat(0, 4))).head();
    NDArray afterEach =
        model
            .forward(pass(), new NDList(histories, all.reshape(1, 1, 10).repeat(0, 4).repeat(1, 5)))
            .head();
    assertThat(afterLast.toFloatArray()).contains(last.toFloatArray(), within(1e-5f));
    assertThat(each.get(":, -1").toFloatArray()).contains(last.toFloatArray(), within(1e-5f));
    assertThat(afterEach.toFloatArray()).contains(each.toFloatArray(), within(1e-5f));
  }

  @Test
  void theAuthorsVersionDoesNotSeePaddingOnTheLeft() {
    SelfAttentiveRecommender model = model(config(Norm.OFFICIAL, 2, true, true, true));
    float[] bare = model.features(pass(), histories(new long[][] {{3, 1, 9}})).toFloatArray();
    float[] padded =
        model.features(pass(), histories(new long[][] {{0, 0, 0, 0, 3, 1, 9}})).toFloatArray();
    for (int i = 0; i < bare.length; i++) {
      assertThat(padded[padded.length - bare.length + i]).isCloseTo(bare[i], within(2e-6f));
    }
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void startsWithAPaddingThatScoresZeroAndNeverLearns(Norm norm) {
    SasRecConfig config = config(norm, 2, norm == Norm.OFFICIAL, true, true);
    SelfAttentiveRecommender model = new SelfAttentiveRecommender(config);
    model.initialize(manager, DataType.FLOAT32);
    NDArray histories = histories(HISTORIES);
    for (boolean plain : new boolean[] {false, true}) {
      Pass pass = plain ? pass().onPlainPath() : pass();
      try (GradientMode ignored = GradientMode.on()) {
        NDArray scores = model.forward(pass, new NDList(histories)).head();
        assertThat(scores.get(":, 0").toFloatArray()).containsOnly(0);
        NDArray loss = scores.sub(1).square().sum();
        BackwardPass.from(loss);
      }
      NDArray items = StateDict.of(model).get("item_emb.weight").getArray().getGradient();
      assertThat(items.get("0").toFloatArray()).containsOnly(0);
      assertThat(items.get("1:").abs().sum(new int[] {1}).min().getFloat()).isPositive();
      if (norm != Norm.OFFICIAL && norm != Norm.EARLY) {
        NDArray positions = StateDict.of(model).get("pos_emb.weight").getArray().getGradient();
        assertThat(positions.get("0").toFloatArray()).containsOnly(0);
      }
    }
  }

  @Test
  void hasTheOfficialNamesAndSizes() {
    SelfAttentiveRecommender model =
        new SelfAttentiveRecommender(SasRecConfig.of(Norm.LEGACY, 3416, 200, 50, 2, 1, 0.5));
    assertThat(StateDict.of(model)).hasSize(28).containsKey("attention_layers.1.out_proj.bias");
    assertThat(StateDict.countTrainable(model)).isEqualTo(212_000);
    assertThat(StateDict.of(model).get("forward_layers.0.conv1.weight").getShape())
        .isEqualTo(new Shape(50, 50, 1));
  }

  @Test
  void penalisesTheTables() {
    SasRecConfig plain = config(Norm.LEGACY, 1, false, true, true);
    for (Norm norm : new Norm[] {Norm.LEGACY, Norm.OFFICIAL}) {
      SasRecConfig config =
          new SasRecConfig(9, 7, 6, 1, 1, 0, norm, plain.keyPaddingMask(), true, true, 0.25);
      SelfAttentiveRecommender model = model(config);
      Pass pass = Pass.training(new ParameterStore(manager, false));
      model.forward(pass, new NDList(histories(HISTORIES)));
      double sum = squares(model, "item_emb.weight");
      double expected =
          norm == Norm.LEGACY ? 0.25 * sum : 0.125 * (sum + squares(model, "pos_emb.weight"));
      assertThat((double) pass.auxiliaryLosses().get("sasrec.l2").getFloat())
          .isCloseTo(expected, within(1e-5));
    }
  }

  private static double squares(SelfAttentiveRecommender model, String name) {
    double sum = 0;
    for (float v : StateDict.of(model).get(name).getArray().toFloatArray()) {
      sum += (double) v * v;
    }
    return sum;
  }

  @Test
  void refusesWhatDoesNotFit() {
    SelfAttentiveRecommender model = model(config(Norm.POST, 2, false, true, true));
    NDList tooLong = new NDList(manager.ones(new Shape(1, 8), DataType.INT64));
    assertThatThrownBy(() -> model.forward(pass(), tooLong))
        .hasMessageContaining("at most maxlen, 7");
    assertThatThrownBy(() -> config(Norm.POST, 4, false, true, true))
        .hasMessageContaining("hidden must be a multiple of heads");
    assertThatThrownBy(() -> SasRecConfig.of(Norm.PRE, 0, 7, 6, 2, 1, 0))
        .hasMessageContaining("items=0 was given; it must be 1 or more");
  }
}
