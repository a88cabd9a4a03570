package org.attentionzoo.blocks.papers.moh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AggregatedMixtureOfHeadAttentionTest {

  private static final int WIDTH = 6;
  private static final int HEADS = 3;
  private static final int HEAD = 2;
  private static final MohConfig CONFIG = new MohConfig(WIDTH, HEADS, true, false, 1, 1, 0);

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

  /** The official code by loops in double precision, for one image. */
  private record Loops(int height, int width, int window, int cell, LoopMixtureOfHeads shared) {

    double[] run(double[] x) {
      int length = height * width;
      double[][] rows = new double[length][];
      double[][] keyValues = new double[length][];
      for (int i = 0; i < length; i++) {
        rows[i] = Arrays.copyOfRange(x, i * WIDTH, (i + 1) * WIDTH);
        keyValues[i] = shared.linear("kv", rows[i], 2 * WIDTH);
      }
      double[][] pooled = pooled(rows);
      double[] output = new double[length * WIDTH];
      for (int i = 0; i < length; i++) {
        double[] q = shared.linear("q", rows[i], WIDTH);
        double[] gates = shared.gates(rows[i], new double[2], new double[2]);
        double[] context = new double[WIDTH];
        for (int h = 0; h < HEADS; h++) {
          double[] head = head(i, h, unit(q, h * HEAD), keyValues, pooled);
          for (int c = 0; c < HEAD; c++) {
            context[h * HEAD + c] = gates[h] * head[c];
          }
        }
        System.arraycopy(shared.linear("proj", context, WIDTH), 0, output, i * WIDTH, WIDTH);
      }
      return output;
    }

    private double[] head(int i, int h, double[] q, double[][] keyValues, double[][] pooled) {
      int area = window * window;
      double[] logits = new double[area + pooled.length];
      double[][] values = new double[area + pooled.length][];
      int inside = 0;
      for (int o = 0; o < area; o++) {
        int row = i / width + o / window - window / 2;
        int column = i % width + o % window - window / 2;
        if (row >= 0 && row < height && column >= 0 && column < width) {
          values[o] = keyValues[row * width + column];
          inside++;
        }
      }
      double softplus = Math.log1p(Math.exp(weight("temperature")[h]));
      double scale = softplus * Math.log(inside + pooled.length);
      double[] scaled = new double[HEAD];
      for (int c = 0; c < HEAD; c++) {
        scaled[c] = (q[c] + weight("query_embedding")[h * HEAD + c]) * scale;
      }
      for (int o = 0; o < area; o++) {
        logits[o] =
            values[o] == null
                ? Double.NEGATIVE_INFINITY
                : dot(scaled, unit(values[o], h * HEAD))
                    + weight("relative_pos_bias_local")[h * area + o];
      }
      for (int p = 0; p < pooled.length; p++) {
        values[area + p] = pooled[p];
        logits[area + p] = dot(scaled, unit(pooled[p], h * HEAD)) + bias(i, p, h);
      }
      double[] pattern = LoopMixtureOfHeads.softmax(logits);
      double[] head = new double[HEAD];
      for (int o = 0; o < pattern.length; o++) {
        if (values[o] == null) {
          continue;
        }
        double weight = pattern[o];
        if (o < area) {
          weight += weight("learnable_bias")[h * area + o];
          for (int c = 0; c < HEAD; c++) {
            weight += q[c] * weight("learnable_tokens")[(h * HEAD + c) * area + o];
          }
        }
        for (int c = 0; c < HEAD; c++) {
          head[c] += weight * values[o][WIDTH + h * HEAD + c];
        }
      }
      return head;
    }

    private double bias(int query, int cellIndex, int h) {
      int across = width / cell;
      double middle = (cell - 1) / 2.0;
      double[] position = {
        coordinate(query / width - (cellIndex / across * cell + middle), height),
        coordinate(query % width - (cellIndex % across * cell + middle), width)
      };
      double[] hidden = shared.linear("cpb_fc1", position, 512);
      for (int k = 0; k < hidden.length; k++) {
        hidden[k] = Math.max(0, hidden[k]);
      }
      return shared.linear("cpb_fc2", hidden, HEADS)[h];
    }

    private static double coordinate(double difference, int side) {
      double x = 8 * difference / (side - 1);
      return Math.signum(x) * Math.log(Math.abs(x) + 1) / Math.log(8);
    }

    private double[][] pooled(double[][] rows) {
      int across = width / cell;
      double[][] pooled = new double[height / cell * across][WIDTH];
      for (int i = 0; i < rows.length; i++) {
        double[] y = shared.linear("sr", rows[i], WIDTH);
        for (int c = 0; c < WIDTH; c++) {
          pooled[i / width / cell * across + i % width / cell][c] +=
              y[c] * gaussian(y[c]) / cell / cell;
        }
      }
      for (int p = 0; p < pooled.length; p++) {
        double mean = Arrays.stream(pooled[p]).average().orElseThrow();
        double variance =
            Arrays.stream(pooled[p]).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        for (int c = 0; c < WIDTH; c++) {
          pooled[p][c] =
              (pooled[p][c] - mean) / Math.sqrt(variance + 1e-5) * weight("norm.weight")[c]
                  + weight("norm.bias")[c];
        }
        pooled[p] = shared.linear("kv", pooled[p], 2 * WIDTH);
      }
      return pooled;
    }

    /** The distribution function of the normal, by its series. */
    private static double gaussian(double x) {
      double term = x;
      double sum = x;
      for (int k = 1; k < 200; k++) {
        term *= x * x / (2 * k + 1);
        sum += term;
      }
      return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    private double[] weight(String name) {
      return shared.weights.get(name);
    }

    private static double dot(double[] a, double[] b) {
      return a[0] * b[0] + a[1] * b[1];
    }

    private static double[] unit(double[] x, int at) {
      double norm = Math.hypot(x[at], x[at + 1]);
      return new double[] {x[at] / norm, x[at + 1] / norm};
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 2, 3, 2", "3, 3, 3, 1", "2, 6, 5, 2", "3, 3, 3, 3"})
  void agreesWithTheOfficialCodesEquationsInDoublePrecision(
      int height, int width, int window, int cell) {
    AggregatedMixtureOfHeadAttention block =
        AggregatedMixtureOfHeadAttention.of(CONFIG, height, width, window, cell);
    block.initialize(manager, DataType.FLOAT32);
    StateDict.of(block)
        .values()
        .forEach(
            p -> p.getArray().addi(manager.randomNormal(0, 0.3f, p.getShape(), DataType.FLOAT32)));
    Loops loops =
        new Loops(height, width, window, cell, new LoopMixtureOfHeads(CONFIG, true, 0, 0, block));
    int length = height * width;
    NDArray x = manager.randomNormal(new Shape(2, length, WIDTH));
    NDArray cotangent = manager.randomNormal(new Shape(2, length, WIDTH));
    NDArray output;
    try (GradientMode ignored = GradientMode.on()) {
      Pass pass = Pass.training(new ParameterStore(manager, false));
      output = block.mix(pass, x, Sequences.FULL);
      NDArray loss = output.mul(cotangent).sum();
      BackwardPass.from(loss);
    }
    double[][] images = {doubles(x.get(0)), doubles(x.get(1))};
    double[][] direction = {doubles(cotangent.get(0)), doubles(cotangent.get(1))};
    for (int b = 0; b < 2; b++) {
      double[] expected = loops.run(images[b]);
      double[] actual = doubles(output.get(b));
      for (int i = 0; i < expected.length; i++) {
        assertThat(actual[i]).isCloseTo(expected[i], within(2e-5));
      }
    }
    StateDict.of(block)
        .forEach(
            (name, parameter) -> {
              double[] gradient = doubles(parameter.getArray().getGradient());
              double[] values = loops.shared().weights.get(name);
              double[] step = new Random(1).doubles(values.length, -1e-4, 1e-4).toArray();
              double expected = 0;
              for (int sign = -1; sign <= 1; sign += 2) {
                double[] before = values.clone();
                for (int i = 0; i < values.length; i++) {
                  values[i] += sign * step[i];
                }
                for (int b = 0; b < 2; b++) {
                  double[] y = loops.run(images[b]);
                  for (int i = 0; i < y.length; i++) {
                    expected += sign * y[i] * direction[b][i] / 2e-4;
                  }
                }
                System.arraycopy(before, 0, values, 0, before.length);
              }
              double slope = 0;
              double size = 1;
              for (int i = 0; i < gradient.length; i++) {
                slope += gradient[i] * step[i] / 1e-4;
                size = Math.max(size, Math.abs(gradient[i]));
              }
              assertThat(slope).as(name).isCloseTo(expected, within(1e-4 * size));
            });
  }

  private static double[] doubles(NDArray x) {
    return x.toType(DataType.FLOAT64, true).toDoubleArray();
  }

  @Test
  void hasTheOfficialNames() {
    assertThat(
            StateDict.of(
                    AggregatedMixtureOfHeadAttention.of(
                        new MohConfig(WIDTH, HEADS, true, false, 2, 1, 0), 4, 4, 3, 2))
                .keySet())
        .containsExactlyInAnyOrder(
            "temperature",
            "query_embedding",
            "relative_pos_bias_local",
            "learnable_tokens",
            "learnable_bias",
            "q.weight",
            "q.bias",
            "kv.weight",
            "kv.bias",
            "proj.weight",
            "proj.bias",
            "sr.weight",
            "sr.bias",
            "norm.weight",
            "norm.bias",
            "cpb_fc1.weight",
            "cpb_fc1.bias",
            "cpb_fc2.weight",
            "cpb_fc2.bias",
            "wg.weight",
            "wg_0.weight",
            "wg_1.weight");
    TransNextConfig config =
        new TransNextConfig(
            16,
            3,
            5,
            4,
            List.of(8, 16),
            List.of(1, 2),
            List.of(2, 4),
            List.of(8, 4),
            List.of(2, 1),
            3,
            List.of(2, 1),
            List.of(0, 2),
            0.01);
    assertThat(StateDict.of(new TransNext(config)))
        .containsKeys(
            "patch_embed1.proj.weight",
            "patch_embed2.norm.bias",
            "block1.0.attn.wg_1.weight",
            "block2.1.attn.qkv.weight",
            "block2.1.attn.wg.weight",
            "block2.0.mlp.dwconv.dwconv.weight",
            "block2.0.norm2.weight",
            "norm2.weight",
            "head.bias");
  }

  @Test
  void refusesGridsThatDoNotFit() {
    assertThatThrownBy(() -> AggregatedMixtureOfHeadAttention.of(CONFIG, 4, 3, 3, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("do not divide");
    assertThatThrownBy(() -> AggregatedMixtureOfHeadAttention.of(CONFIG, 4, 4, 2, 2))
        .hasMessageContaining("odd");
  }
}
