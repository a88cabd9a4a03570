package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.StateDict;

/** The sheet's equations by loops in double precision, with slopes by central differences. */
final class LoopMixtureOfHeads {

  private final MohConfig config;
  private final int gridHeight;
  private final int gridWidth;
  private final boolean cosine;
  final Map<String, double[]> weights = new LinkedHashMap<>();

  /** What a training pass gives. */
  record Result(double[] output, double[] gates, double balance) {}

  LoopMixtureOfHeads(
      MohConfig config, boolean cosine, int gridHeight, int gridWidth, Block weightsOf) {
    this.config = config;
    this.cosine = cosine;
    this.gridHeight = gridHeight;
    this.gridWidth = gridWidth;
    StateDict.of(weightsOf)
        .forEach(
            (name, parameter) ->
                weights.put(
                    name, parameter.getArray().toType(DataType.FLOAT64, true).toDoubleArray()));
  }

  /** x is (batch, length, width). */
  Result run(double[] x, int batch, int length) {
    int inner = config.heads() * config.headWidth();
    double[] output = new double[batch * length * config.width()];
    double[] gates = new double[batch * length * config.heads()];
    double[] meanGate = new double[config.candidates()];
    double[] meanLoad = new double[config.candidates()];
    for (int b = 0; b < batch; b++) {
      double[][] rows = new double[length][];
      for (int i = 0; i < length; i++) {
        int at = (b * length + i) * config.width();
        rows[i] = Arrays.copyOfRange(x, at, at + config.width());
      }
      double[][] joint = new double[length][];
      for (int i = 0; i < length; i++) {
        joint[i] = linear("qkv", rows[i], 3 * inner);
      }
      for (int i = 0; i < length; i++) {
        double[] g = gates(rows[i], meanGate, meanLoad);
        System.arraycopy(g, 0, gates, (b * length + i) * config.heads(), g.length);
        double[] context = new double[inner];
        for (int h = 0; h < config.heads(); h++) {
          double[] head = head(joint, i, h);
          for (int c = 0; c < head.length; c++) {
            context[h * config.headWidth() + c] = g[h] * head[c];
          }
        }
        double[] y = linear("proj", context, config.width());
        System.arraycopy(y, 0, output, (b * length + i) * config.width(), y.length);
      }
    }
    double tokens = batch * (double) length;
    double balance = 0;
    for (int e = 0; e < config.candidates(); e++) {
      balance += meanGate[e] / tokens * (meanLoad[e] / tokens);
    }
    balance = balance / config.candidates() * config.candidates() * config.candidates();
    return new Result(output, gates, config.routedHeads() == 0 ? 0 : balance);
  }

  double[] gates(double[] token, double[] meanGate, double[] meanLoad) {
    int shared = config.sharedHeads();
    double[] gates = new double[config.heads()];
    if (shared > 0) {
      double[] among = shared == 1 ? new double[] {1} : softmax(linear("wg_1", token, shared));
      for (int h = 0; h < shared; h++) {
        gates[h] = among[h] * shared;
      }
    }
    if (config.routedHeads() == 0) {
      return gates;
    }
    double[] p = softmax(linear("wg", token, config.candidates()));
    int[] best =
        IntStream.range(0, p.length)
            .boxed()
            .sorted((a, b) -> Double.compare(p[b], p[a]))
            .limit(config.routedHeads())
            .mapToInt(Integer::intValue)
            .toArray();
    double sum = Arrays.stream(best).mapToDouble(e -> p[e]).sum();
    for (int e : best) {
      gates[shared + e] = p[e] / sum * config.routedHeads();
      meanLoad[e]++;
    }
    for (int e = 0; e < p.length; e++) {
      meanGate[e] += p[e];
    }
    if (shared > 0) {
      double[] group = softmax(linear("wg_0", token, 2));
      for (int h = 0; h < gates.length; h++) {
        gates[h] *= 2 * group[h < shared ? 0 : 1];
      }
    }
    return gates;
  }

  private double[] head(double[][] joint, int query, int h) {
    int d = config.headWidth();
    double[] q = prepared(joint[query], 0, h);
    if (cosine) {
      double[] embedding = weights.get("query_embedding");
      double softplus = Math.log1p(Math.exp(weights.get("temperature")[h]));
      for (int c = 0; c < d; c++) {
        q[c] = (q[c] + embedding[h * d + c]) * softplus * Math.log(joint.length);
      }
    }
    double[] logits = new double[joint.length];
    for (int j = 0; j < joint.length; j++) {
      double[] k = prepared(joint[j], 1, h);
      for (int c = 0; c < d; c++) {
        logits[j] += q[c] * k[c] / (cosine ? 1 : Math.sqrt(d));
      }
      logits[j] += gridHeight == 0 ? 0 : bias(query, j, h);
    }
    double[] pattern = softmax(logits);
    double[] mixed = new double[d];
    for (int j = 0; j < joint.length; j++) {
      for (int c = 0; c < d; c++) {
        mixed[c] += pattern[j] * joint[j][(2 * config.heads() + h) * d + c];
      }
    }
    return mixed;
  }

  private double bias(int query, int key, int h) {
    double[] position = {
      coordinate(query / gridWidth - key / gridWidth, gridHeight),
      coordinate(query % gridWidth - key % gridWidth, gridWidth)
    };
    double[] hidden = linear("cpb_fc1", position, 512);
    return linear(
        "cpb_fc2", Arrays.stream(hidden).map(v -> Math.max(v, 0)).toArray(), config.heads())[h];
  }

  private static double coordinate(int difference, int side) {
    double x = side == 1 ? 0 : 8.0 * difference / (side - 1);
    return Math.signum(x) * Math.log(Math.abs(x) + 1) / Math.log(8);
  }

  private double[] prepared(double[] joint, int part, int h) {
    int d = config.headWidth();
    int at = (part * config.heads() + h) * d;
    double[] v = Arrays.copyOfRange(joint, at, at + d);
    if (cosine) {
      double norm = Math.sqrt(Arrays.stream(v).map(a -> a * a).sum());
      return Arrays.stream(v).map(a -> a / Math.max(norm, 1e-12)).toArray();
    }
    if (config.queryKeyNorm()) {
      String name = part == 0 ? "q_norm" : "k_norm";
      double mean = Arrays.stream(v).sum() / d;
      double variance = Arrays.stream(v).map(a -> (a - mean) * (a - mean)).sum() / d;
      for (int c = 0; c < d; c++) {
        v[c] =
            (v[c] - mean) / Math.sqrt(variance + 1e-5) * weights.get(name + ".weight")[c]
                + weights.get(name + ".bias")[c];
      }
    }
    return v;
  }

  double[] linear(String name, double[] x, int out) {
    double[] w = weights.get(name + ".weight");
    double[] bias = weights.get(name + ".bias");
    double[] y = new double[out];
    for (int o = 0; o < out; o++) {
      y[o] = bias == null ? 0 : bias[o];
      for (int i = 0; i < x.length; i++) {
        y[o] += w[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  static double[] softmax(double[] logits) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    double[] e = Arrays.stream(logits).map(v -> Math.exp(v - largest)).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(v -> v / sum).toArray();
  }

  /**
   * Slopes of {@code <output, cotangent> + balance} in an array that {@link #run} reads: at every
   * place of a small array, at some places of a large one, and NaN elsewhere.
   */
  double[] slopes(double[] values, double[] x, int batch, int length, double[] cotangent) {
    double step = 1e-5;
    int stride = 1 + values.length / 100;
    double[] slopes = new double[values.length];
    Arrays.fill(slopes, Double.NaN);
    for (int i = 0; i < values.length; i += stride) {
      double before = values[i];
      values[i] = before + step;
      double above = loss(run(x, batch, length), cotangent);
      values[i] = before - step;
      double below = loss(run(x, batch, length), cotangent);
      values[i] = before;
      slopes[i] = (above - below) / (2 * step);
    }
    return slopes;
  }

  private static double loss(Result result, double[] cotangent) {
    double sum = result.balance();
    for (int i = 0; i < cotangent.length; i++) {
      sum += result.output()[i] * cotangent[i];
    }
    return sum;
  }
}
