package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.StateDict;

/**
 * Causal, grouped attention with rotary positions and a mixture of heads by loops in double
 * precision. The choice of heads is made in the first pass and stays, so that slopes by differences
 * are those of the straight-through estimator.
 */
final class LoopDecoderMixture {

  private static final double ROTARY_BASE = 100;

  private final MohConfig config;
  private final int groups;
  private final boolean byQueryNorm;
  final Map<String, double[]> weights = new LinkedHashMap<>();

  /** By token: which candidates were chosen first, and their gates then. */
  private final Map<Integer, double[]> chosen = new LinkedHashMap<>();

  private final Map<Integer, double[]> firstGates = new LinkedHashMap<>();

  record Result(double[] output, double[] gates, double balance) {}

  LoopDecoderMixture(MohConfig config, int groups, boolean byQueryNorm, Block weightsOf) {
    this.config = config;
    this.groups = groups;
    this.byQueryNorm = byQueryNorm;
    StateDict.of(weightsOf)
        .forEach(
            (name, parameter) ->
                weights.put(
                    name, parameter.getArray().toType(DataType.FLOAT64, true).toDoubleArray()));
  }

  Result run(double[] x, int batch, int length) {
    int width = config.width();
    int d = config.headWidth();
    int heads = config.heads();
    double[] output = new double[x.length];
    double[] allGates = new double[batch * length * heads];
    double[] meanGate = new double[config.candidates()];
    double[] meanLoad = new double[config.candidates()];
    for (int b = 0; b < batch; b++) {
      double[][] k = new double[length][];
      double[][] v = new double[length][];
      for (int i = 0; i < length; i++) {
        int token = b * length + i;
        double[] row = Arrays.copyOfRange(x, token * width, (token + 1) * width);
        double[] q = linear("q_proj", row, heads * d);
        double[] gates = gates(token, row, q, meanGate, meanLoad);
        System.arraycopy(gates, 0, allGates, token * heads, heads);
        rotate(q, i);
        k[i] = linear("k_proj", row, groups * d);
        rotate(k[i], i);
        v[i] = linear("v_proj", row, groups * d);
        double[] context = new double[heads * d];
        for (int h = 0; h < heads; h++) {
          int g = h / (heads / groups);
          double[] logits = new double[i + 1];
          for (int j = 0; j <= i; j++) {
            for (int c = 0; c < d; c++) {
              logits[j] += q[h * d + c] * k[j][g * d + c] / Math.sqrt(d);
            }
          }
          double[] pattern = softmax(logits);
          for (int j = 0; j <= i; j++) {
            for (int c = 0; c < d; c++) {
              context[h * d + c] += gates[h] * pattern[j] * v[j][g * d + c];
            }
          }
        }
        System.arraycopy(linear("o_proj", context, width), 0, output, token * width, width);
      }
    }
    double tokens = batch * (double) length;
    double balance = 0;
    for (int e = 0; e < config.candidates(); e++) {
      balance += config.candidates() * meanGate[e] / tokens * meanLoad[e] / tokens;
    }
    return new Result(output, allGates, balance);
  }

  private double[] gates(
      int token, double[] row, double[] q, double[] meanGate, double[] meanLoad) {
    int shared = config.sharedHeads();
    int candidates = config.candidates();
    double[] p = softmax(byQueryNorm ? norms(q) : linear("wg", row, candidates));
    double[] mask =
        chosen.computeIfAbsent(
            token,
            t -> {
              double[] m = new double[candidates];
              IntStream.range(0, candidates)
                  .boxed()
                  .sorted((a, b) -> Double.compare(p[b], p[a]))
                  .limit(config.routedHeads())
                  .forEach(e -> m[e] = 1);
              return m;
            });
    double[] first = firstGates.computeIfAbsent(token, t -> p.clone());
    double[] gates = new double[config.heads()];
    Arrays.fill(gates, 0, shared, 1);
    double sum = IntStream.range(0, candidates).mapToDouble(e -> p[e] * mask[e]).sum();
    for (int e = 0; e < candidates; e++) {
      meanGate[e] += p[e];
      meanLoad[e] += mask[e];
      gates[shared + e] =
          mask[e] * (byQueryNorm ? 1 + p[e] - first[e] : p[e] / sum * config.routedHeads());
    }
    if (!byQueryNorm && shared > 0) {
      double[] among = shared == 1 ? new double[] {1} : softmax(linear("wg_1", row, shared));
      double[] group = softmax(linear("wg_0", row, 2));
      for (int h = 0; h < gates.length; h++) {
        gates[h] *= h < shared ? 2 * group[0] * among[h] * shared : 2 * group[1];
      }
    }
    return gates;
  }

  /** Of the candidates, divided by their unbiased standard deviation. */
  private double[] norms(double[] q) {
    int d = config.headWidth();
    double[] norms = new double[config.candidates()];
    for (int e = 0; e < norms.length; e++) {
      for (int c = 0; c < d; c++) {
        norms[e] += Math.pow(q[(config.sharedHeads() + e) * d + c], 2);
      }
      norms[e] = Math.sqrt(norms[e]);
    }
    if (norms.length == 1) {
      return norms;
    }
    double mean = Arrays.stream(norms).sum() / norms.length;
    double squares = Arrays.stream(norms).map(n -> (n - mean) * (n - mean)).sum();
    double deviation = Math.sqrt(squares / (norms.length - 1));
    return Arrays.stream(norms).map(n -> n / deviation).toArray();
  }

  private void rotate(double[] x, int position) {
    int d = config.headWidth();
    for (int h = 0; h < x.length / d; h++) {
      for (int c = 0; c < d / 2; c++) {
        double angle = position * Math.pow(ROTARY_BASE, -2.0 * c / d);
        double a = x[h * d + c];
        double b = x[h * d + c + d / 2];
        x[h * d + c] = a * Math.cos(angle) - b * Math.sin(angle);
        x[h * d + c + d / 2] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
  }

  private double[] linear(String name, double[] x, int out) {
    double[] w = weights.get(name + ".weight");
    double[] y = new double[out];
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += w[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static double[] softmax(double[] logits) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    double[] e = Arrays.stream(logits).map(v -> Math.exp(v - largest)).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(v -> v / sum).toArray();
  }

  /** Slopes of {@code <output, cotangent> + balance} in an array that {@link #run} reads. */
  double[] slopes(double[] values, double[] x, int batch, int length, double[] cotangent) {
    double step = 1e-5;
    double[] slopes = new double[values.length];
    for (int i = 0; i < values.length; i++) {
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
