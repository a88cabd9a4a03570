package org.attentionzoo.blocks.papers.seqboat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;

/**
 * A layer of SeqBoat by loops in double precision, written from the equations: every pair of tokens
 * is looked at by itself, there are no windows' blocks, no compression and no transforms.
 *
 * @param config the layer
 * @param training whether batch norm takes the batch's statistics
 */
record LoopSeqBoatLayer(SeqBoatConfig config, boolean training) {

  /** The layer's output (B, L, D). */
  double[][][] run(Map<String, double[]> w, double[][][] x, boolean[][] valid) {
    int batch = x.length;
    int length = x[0].length;
    int width = config.width();
    double[][][] mixed = average(w, config.preNorm() ? norm(w, x) : x, valid);
    double[][][] update = new double[batch][length][width];
    double[][] chosen = new double[batch][length];
    boolean[][] active = new boolean[batch][length];
    boolean full = false;
    for (int b = 0; b < batch; b++) {
      int count = 0;
      for (int t = 0; t < length; t++) {
        for (int d = 0; d < width; d++) {
          mixed[b][t][d] = silu(mixed[b][t][d]);
        }
        double[] projected = linear(w, "hx_proj", mixed[b][t]);
        System.arraycopy(projected, 2, update[b][t], 0, width);
        double temperature = Math.exp(w.get("q_router.temp")[0]);
        chosen[b][t] = 1 / (1 + Math.exp((projected[0] - projected[1]) / temperature));
        active[b][t] =
            valid[b][t]
                && config.routing() != Routing.NEVER
                && (config.routing() == Routing.ALWAYS || projected[1] > projected[0]);
        count += active[b][t] ? 1 : 0;
      }
      full |= count == length;
    }
    boolean inPlace = full && !config.compressAlways();
    double[][][] out = new double[batch][length][width];
    for (int b = 0; b < batch; b++) {
      double[][] attended = attend(w, mixed[b], active[b], inPlace);
      for (int t = 0; t < length; t++) {
        for (int d = 0; d < width; d++) {
          double a = active[b][t] ? attended[t][d] * chosen[b][t] : 0;
          out[b][t][d] = silu(update[b][t][d] + a + x[b][t][d]);
        }
      }
    }
    return config.preNorm() ? out : norm(w, out);
  }

  private double[][] attend(
      Map<String, double[]> w, double[][] mixed, boolean[] active, boolean inPlace) {
    int z = config.queryWidth();
    int h = config.hidden();
    List<Integer> tokens = new ArrayList<>();
    for (int t = 0; t < mixed.length; t++) {
      if (active[t]) {
        tokens.add(t);
      }
    }
    int count = tokens.size();
    double[][] base = new double[count][];
    double[][][] twist = new double[2][count][z];
    for (int i = 0; i < count; i++) {
      base[i] = linear(w, "mx_proj", mixed[tokens.get(i)]);
      for (int j = 0; j < base[i].length; j++) {
        base[i][j] = silu(base[i][j]);
      }
      for (int side = 0; side < 2; side++) {
        for (int j = 0; j < z; j++) {
          int at = side * z + j;
          twist[side][i][j] = base[i][j] * w.get("gamma")[at] + w.get("beta")[at];
        }
        if (config.positions() == Positions.ROTARY) {
          rotate(twist[side][i], tokens.get(i));
        }
      }
    }
    double[][] result = new double[mixed.length][];
    for (int i = 0; i < count; i++) {
      double[] weights = new double[count];
      double total = 0;
      for (int j = 0; j < count; j++) {
        int distance = inPlace ? tokens.get(j) - tokens.get(i) : j - i;
        int ahead = config.bidirectional() ? config.window() : 0;
        if (distance < -config.window() || distance > ahead) {
          continue;
        }
        double score = 0;
        for (int k = 0; k < z; k++) {
          score += twist[0][i][k] * twist[1][j][k];
        }
        boolean softmax = config.attention() == Attention.SOFTMAX;
        score *= softmax ? 1 / Math.sqrt(z) : 1.0 / (config.window() * (1 + (ahead > 0 ? 1 : 0)));
        score += bias(w, distance, tokens.get(j) - tokens.get(i));
        weights[j] = softmax ? Math.exp(score) : Math.pow(Math.max(0, score), 2);
        total += weights[j];
      }
      double[] gated = new double[h];
      for (int j = 0; j < count; j++) {
        double weight = config.attention() == Attention.SOFTMAX ? weights[j] / total : weights[j];
        for (int k = 0; k < h; k++) {
          gated[k] += weight * base[j][z + h + k] * base[i][z + k];
        }
      }
      result[tokens.get(i)] = linear(w, "h_proj", gated);
    }
    return result;
  }

  private double bias(Map<String, double[]> w, int slots, int positions) {
    double[] table = w.get("rel_pos_bias.rel_pos_bias");
    return switch (config.positions()) {
      case ROTARY -> 0;
      case LOCAL -> table[4 * config.window() - 1 + slots];
      case SIMPLE -> {
        int at = config.maxPositions() - 1 + positions;
        yield table[Math.max(0, Math.min(table.length - 1, at))];
      }
    };
  }

  private static void rotate(double[] x, int position) {
    for (int k = 0; k < x.length; k += 2) {
      double angle = position * Math.pow(10000, -(double) k / x.length);
      double real = x[k] * Math.cos(angle) - x[k + 1] * Math.sin(angle);
      x[k + 1] = x[k] * Math.sin(angle) + x[k + 1] * Math.cos(angle);
      x[k] = real;
    }
  }

  /** Every lag by itself. */
  private double[][][] average(Map<String, double[]> w, double[][][] x, boolean[][] valid) {
    int length = x[0].length;
    int lags = config.truncation() == 0 ? length : config.truncation();
    double[][][] out = new double[x.length][length][config.width()];
    for (int b = 0; b < x.length; b++) {
      for (int t = 0; t < length; t++) {
        for (int d = 0; d < config.width(); d++) {
          double sum = w.get("ssm.omega")[d] * x[b][t][d];
          for (int s = 0; s < length; s++) {
            int lag = Math.abs(t - s);
            if (lag >= lags || !valid[b][s]) {
              continue;
            }
            if (s <= t) {
              sum += response(w, d, lag) * x[b][s][d];
            }
            if (s >= t && config.bidirectional()) {
              sum += response(w, config.width() + d, lag) * x[b][s][d];
            }
          }
          out[b][t][d] = sum;
        }
      }
    }
    return out;
  }

  private double response(Map<String, double[]> w, int channel, int lag) {
    double sum = 0;
    for (int k = 0; k < config.averages(); k++) {
      int at = channel * config.averages() + k;
      double p = sigmoid(w.get("ssm.delta")[at]);
      double q = 1 - p * sigmoid(w.get("ssm.alpha")[at]);
      sum += w.get("ssm.gamma")[at] * p * w.get("ssm.beta")[at] * Math.pow(q, lag);
    }
    return sum / Math.sqrt(config.averages());
  }

  private double[][][] norm(Map<String, double[]> w, double[][][] x) {
    int width = config.width();
    double[][][] out = new double[x.length][x[0].length][width];
    double[] mean = new double[width];
    double[] variance = new double[width];
    boolean perChannel = config.norm() == Norm.BATCHNORM;
    if (perChannel && !training) {
      mean = w.get("norm.norm.running_mean");
      variance = w.get("norm.norm.running_var");
    } else if (perChannel) {
      double count = x.length * (double) x[0].length;
      for (double[][] row : x) {
        for (double[] token : row) {
          for (int d = 0; d < width; d++) {
            mean[d] += token[d] / count;
          }
        }
      }
      for (double[][] row : x) {
        for (double[] token : row) {
          for (int d = 0; d < width; d++) {
            variance[d] += Math.pow(token[d] - mean[d], 2) / count;
          }
        }
      }
    }
    for (int b = 0; b < x.length; b++) {
      for (int t = 0; t < x[0].length; t++) {
        double m = 0;
        double v = 0;
        for (double value : x[b][t]) {
          m += value / width;
        }
        for (double value : x[b][t]) {
          v += Math.pow(value - m, 2) / width;
        }
        for (int d = 0; d < width; d++) {
          double unit =
              (x[b][t][d] - (perChannel ? mean[d] : m))
                  / Math.sqrt((perChannel ? variance[d] : v) + 1e-5);
          out[b][t][d] =
              config.normAffine()
                  ? unit * w.get("norm.norm.weight")[d] + w.get("norm.norm.bias")[d]
                  : unit;
        }
      }
    }
    return out;
  }

  private static double[] linear(Map<String, double[]> w, String name, double[] x) {
    double[] out = w.get(name + ".bias").clone();
    double[] weight = w.get(name + ".weight");
    for (int i = 0; i < out.length; i++) {
      for (int j = 0; j < x.length; j++) {
        out[i] += weight[i * x.length + j] * x[j];
      }
    }
    return out;
  }

  private static double silu(double x) {
    return x * sigmoid(x);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
