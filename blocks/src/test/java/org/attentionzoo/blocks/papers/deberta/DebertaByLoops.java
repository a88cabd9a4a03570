package org.attentionzoo.blocks.papers.deberta;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * DeBERTa in loops over doubles, written from the official code. Shares nothing with the blocks but
 * the names of the state dict.
 */
final class DebertaByLoops {

  /** The switches by their official names; a switch that a case does not name has the default. */
  static final class Switches {
    int heads = 2;
    int layers = 2;
    String hiddenAct = "gelu";
    int paddingIndex;
    boolean biased;
    boolean relative = true;
    List<String> terms = List.of("c2p", "p2c");
    int maxRelative = 16;
    int buckets = -1;
    boolean share;
    boolean normRelative;
    int convolution;
    String convAct = "tanh";
    int groups = 1;
    double eps = 1e-7;
  }

  private final Switches s;
  private final Map<String, double[]> w;

  DebertaByLoops(Switches s, Map<String, double[]> weights) {
    this.s = s;
    this.w = weights;
  }

  private double[] get(String name) {
    double[] values = w.get(name);
    if (values == null) {
      throw new AssertionError("no " + name + " among " + w.keySet());
    }
    return values;
  }

  private double[][] linear(String name, double[][] x) {
    double[] weight = get(name + ".weight");
    double[] bias = w.get(name + ".bias");
    int in = x[0].length;
    int out = weight.length / in;
    double[][] y = new double[x.length][out];
    for (int r = 0; r < x.length; r++) {
      for (int o = 0; o < out; o++) {
        double sum = bias == null ? 0 : bias[o];
        for (int i = 0; i < in; i++) {
          sum += weight[o * in + i] * x[r][i];
        }
        y[r][o] = sum;
      }
    }
    return y;
  }

  private double[][] norm(String name, double[][] x) {
    double[] weight = get(name + ".weight");
    double[] bias = get(name + ".bias");
    double[][] y = new double[x.length][];
    for (int r = 0; r < x.length; r++) {
      int n = x[r].length;
      double mean = 0;
      for (double v : x[r]) {
        mean += v / n;
      }
      double variance = 0;
      for (double v : x[r]) {
        variance += (v - mean) * (v - mean) / n;
      }
      y[r] = new double[n];
      for (int i = 0; i < n; i++) {
        y[r][i] = (x[r][i] - mean) / Math.sqrt(variance + s.eps) * weight[i] + bias[i];
      }
    }
    return y;
  }

  /** The error function: its series near zero, a continued fraction where that cancels. */
  private static double erf(double x) {
    double size = Math.abs(x);
    if (size > 2) {
      double fraction = 0;
      for (int n = 120; n > 0; n--) {
        fraction = n / 2.0 / (size + fraction);
      }
      return Math.signum(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 150; n++) {
      term *= -x * x / n;
      double add = term / (2 * n + 1);
      sum += add;
      if (Math.abs(add) < 1e-18) {
        break;
      }
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private static double activate(String name, double x) {
    return switch (name) {
      case "gelu" -> x * 0.5 * (1 + erf(x / Math.sqrt(2)));
      case "relu" -> Math.max(x, 0);
      case "tanh" -> Math.tanh(x);
      case "swish" -> x / (1 + Math.exp(-x));
      case "sigmoid" -> 1 / (1 + Math.exp(-x));
      case "linear" -> x;
      default -> throw new AssertionError(name);
    };
  }

  private static double[][] activate(String name, double[][] x) {
    double[][] y = new double[x.length][];
    for (int r = 0; r < x.length; r++) {
      y[r] = new double[x[r].length];
      for (int i = 0; i < x[r].length; i++) {
        y[r][i] = activate(name, x[r][i]);
      }
    }
    return y;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] y = new double[a.length][a[0].length];
    for (int r = 0; r < a.length; r++) {
      for (int i = 0; i < a[r].length; i++) {
        y[r][i] = a[r][i] + b[r][i];
      }
    }
    return y;
  }

  private static double[][] times(double[][] x, boolean[] live) {
    double[][] y = new double[x.length][x[0].length];
    for (int r = 0; r < x.length; r++) {
      if (live[r]) {
        y[r] = x[r].clone();
      }
    }
    return y;
  }

  private double[] row(String table, int index, int width) {
    double[] all = get(table + ".weight");
    double[] row = new double[width];
    System.arraycopy(all, index * width, row, 0, width);
    return row;
  }

  private static void add(double[] to, double[] more) {
    for (int i = 0; i < to.length; i++) {
      to[i] += more[i];
    }
  }

  double[][] positions(int[] places, int width) {
    double[][] all = new double[places.length][];
    for (int i = 0; i < places.length; i++) {
      all[i] = row("embeddings.position_embeddings", places[i], width);
    }
    return all;
  }

  double[][] embed(int[] ids, int[] types, int[] places, boolean[] live, int width) {
    double[][] x = new double[ids.length][];
    for (int i = 0; i < ids.length; i++) {
      x[i] = row("embeddings.word_embeddings", ids[i], width);
      if (w.containsKey("embeddings.token_type_embeddings.weight")) {
        add(x[i], row("embeddings.token_type_embeddings", types[i], width));
      }
      if (s.biased) {
        add(x[i], row("embeddings.position_embeddings", places[i], width));
      }
    }
    if (w.containsKey("embeddings.embed_proj.weight")) {
      x = linear("embeddings.embed_proj", x);
    }
    return times(norm("embeddings.LayerNorm", x), live);
  }

  private int bucket(int distance) {
    if (s.buckets <= 0) {
      return distance;
    }
    int cut = Math.max(1 - s.maxRelative, Math.min(s.maxRelative - 1, distance));
    int mid = s.buckets / 2;
    int size = Math.abs(cut);
    if (size <= mid) {
      return cut;
    }
    double log = Math.log((double) size / mid) / Math.log((s.maxRelative - 1.0) / mid) * (mid - 1);
    // as in float32, where a logarithm that is a whole number but for rounding stays one
    int far = (int) Math.ceil(log - 1e-6) + mid;
    return cut < 0 ? -far : far;
  }

  double[][] layer(int index, double[][] hidden, double[][] queries, boolean[][] visible) {
    String name = "encoder.layer." + index + ".";
    String self = name + "attention.self.";
    int length = hidden.length;
    int width = hidden[0].length;
    int size = width / s.heads;
    double[][] q = linear(self + "query_proj", queries);
    double[][] k = linear(self + "key_proj", hidden);
    double[][] v = linear(self + "value_proj", hidden);
    double[][] positionKeys = null;
    double[][] positionQueries = null;
    int span = s.buckets > 0 ? s.buckets : s.maxRelative;
    if (s.relative) {
      double[][] table = new double[2 * span][];
      for (int r = 0; r < 2 * span; r++) {
        table[r] = row("encoder.rel_embeddings", r, width);
      }
      if (s.normRelative) {
        table = norm("encoder.LayerNorm", table);
      }
      if (s.terms.contains("c2p")) {
        positionKeys = linear(self + (s.share ? "key_proj" : "pos_key_proj"), table);
      }
      if (s.terms.contains("p2c")) {
        positionQueries = linear(self + (s.share ? "query_proj" : "pos_query_proj"), table);
      }
    }
    int factor = 1 + (s.terms.contains("c2p") ? 1 : 0) + (s.terms.contains("p2c") ? 1 : 0);
    double scale = 1 / Math.sqrt((double) size * factor);
    double[][] context = new double[length][width];
    for (int h = 0; h < s.heads; h++) {
      for (int i = 0; i < length; i++) {
        double[] weights = new double[length];
        double total = 0;
        for (int j = 0; j < length; j++) {
          if (!visible[i][j]) {
            continue;
          }
          double score = 0;
          int row = Math.max(0, Math.min(2 * span - 1, bucket(i - j) + span));
          for (int c = h * size; c < (h + 1) * size; c++) {
            score += q[i][c] * k[j][c];
            score += positionKeys == null ? 0 : q[i][c] * positionKeys[row][c];
            score += positionQueries == null ? 0 : k[j][c] * positionQueries[row][c];
          }
          weights[j] = Math.exp(score * scale);
          total += weights[j];
        }
        for (int c = h * size; c < (h + 1) * size; c++) {
          for (int j = 0; j < length; j++) {
            context[i][c] += total == 0 ? 0 : weights[j] / total * v[j][c];
          }
        }
      }
    }
    double[][] attended =
        norm(
            name + "attention.output.LayerNorm",
            sum(linear(name + "attention.output.dense", context), queries));
    double[][] inner = activate(s.hiddenAct, linear(name + "intermediate.dense", attended));
    return norm(name + "output.LayerNorm", sum(linear(name + "output.dense", inner), attended));
  }

  private double[][] convolve(double[][] embedded, double[][] first, boolean[] live) {
    double[] weight = get("encoder.conv.conv.weight");
    double[] bias = get("encoder.conv.conv.bias");
    int length = embedded.length;
    int width = embedded[0].length;
    int per = width / s.groups;
    int pad = (s.convolution - 1) / 2;
    double[][] y = new double[length][width];
    for (int t = 0; t < length; t++) {
      for (int o = 0; o < width; o++) {
        double sum = bias[o];
        for (int i = 0; i < per; i++) {
          for (int c = 0; c < s.convolution; c++) {
            int at = t + c - pad;
            if (at >= 0 && at < length) {
              sum += weight[(o * per + i) * s.convolution + c] * embedded[at][o / per * per + i];
            }
          }
        }
        y[t][o] = activate(s.convAct, live[t] ? sum : 0);
      }
    }
    return times(norm("encoder.conv.LayerNorm", sum(first, y)), live);
  }

  /** Each layer's output. */
  List<double[][]> encode(double[][] embedded, boolean[][] visible, boolean[] live) {
    List<double[][]> all = new ArrayList<>();
    double[][] hidden = embedded;
    for (int i = 0; i < s.layers; i++) {
      hidden = layer(i, hidden, hidden, visible);
      if (i == 0 && s.convolution > 0) {
        hidden = convolve(embedded, hidden, live);
      }
      all.add(hidden);
    }
    return all;
  }

  /** The logits of the enhanced mask decoder. */
  double[][] decode(List<double[][]> layers, double[][] positions, boolean[][] visible) {
    double[][] hidden = layers.get(s.layers - 2);
    double[][] queries = sum(positions, hidden);
    for (int step = 0; step < 2; step++) {
      queries = layer(s.layers - 1, hidden, queries, visible);
    }
    double[][] inner =
        norm("lm_head.LayerNorm", activate(s.hiddenAct, linear("lm_head.dense", queries)));
    double[] words = get("embeddings.word_embeddings.weight");
    double[] bias = get("lm_head.bias");
    int width = inner[0].length;
    double[][] logits = new double[inner.length][bias.length];
    for (int r = 0; r < inner.length; r++) {
      for (int o = 0; o < bias.length; o++) {
        logits[r][o] = bias[o];
        for (int i = 0; i < width; i++) {
          logits[r][o] += inner[r][i] * words[o * width + i];
        }
      }
    }
    return logits;
  }
}
