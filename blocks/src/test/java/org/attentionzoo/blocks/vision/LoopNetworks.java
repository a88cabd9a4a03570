package org.attentionzoo.blocks.vision;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The residual networks by loops in double precision, from the papers' equations and the names of
 * their weights alone: what the blocks are compared with.
 */
final class LoopNetworks {

  private static final double EPSILON = 1e-5;

  private final Map<String, double[]> weights;
  private final boolean training;

  /** What training makes of running statistics, by the name of the buffer. */
  final Map<String, double[]> moved = new HashMap<>();

  LoopNetworks(Map<String, double[]> weights, boolean training) {
    this.weights = weights;
    this.training = training;
  }

  /** Images (b, c, h, w). */
  record Images(int b, int c, int h, int w, double[] v) {
    Images(int b, int c, int h, int w) {
      this(b, c, h, w, new double[b * c * h * w]);
    }

    double at(int n, int channel, int y, int x) {
      return y < 0 || y >= h || x < 0 || x >= w ? 0 : v[((n * c + channel) * h + y) * w + x];
    }

    void set(int n, int channel, int y, int x, double value) {
      v[((n * c + channel) * h + y) * w + x] = value;
    }
  }

  private double[] weight(String name) {
    double[] found = weights.get(name);
    if (found == null) {
      throw new AssertionError("no weight " + name + " among " + weights.keySet());
    }
    return found;
  }

  Images convolution(String name, Images in, int kernel, int stride, int padding, int groups) {
    double[] w = weight(name + ".weight");
    int perGroup = in.c / groups;
    int out = w.length / (perGroup * kernel * kernel);
    int h = (in.h + 2 * padding - kernel) / stride + 1;
    int width = (in.w + 2 * padding - kernel) / stride + 1;
    Images y = new Images(in.b, out, h, width);
    for (int n = 0; n < in.b; n++) {
      for (int o = 0; o < out; o++) {
        int first = o / (out / groups) * perGroup;
        for (int r = 0; r < h; r++) {
          for (int s = 0; s < width; s++) {
            double sum = 0;
            for (int c = 0; c < perGroup; c++) {
              for (int i = 0; i < kernel; i++) {
                for (int j = 0; j < kernel; j++) {
                  sum +=
                      w[((o * perGroup + c) * kernel + i) * kernel + j]
                          * in.at(n, first + c, r * stride + i - padding, s * stride + j - padding);
                }
              }
            }
            y.set(n, o, r, s, sum);
          }
        }
      }
    }
    return y;
  }

  Images norm(String name, Images in) {
    Images out = new Images(in.b, in.c, in.h, in.w);
    double[] mean = weight(name + ".running_mean").clone();
    double[] variance = weight(name + ".running_var").clone();
    int area = in.h * in.w;
    int count = in.b * area;
    double[] movedMean = mean.clone();
    double[] movedVariance = variance.clone();
    for (int c = 0; training && c < in.c; c++) {
      double sum = 0;
      double squares = 0;
      for (int n = 0; n < in.b; n++) {
        for (int i = 0; i < area; i++) {
          sum += in.v[(n * in.c + c) * area + i];
        }
      }
      mean[c] = sum / count;
      for (int n = 0; n < in.b; n++) {
        for (int i = 0; i < area; i++) {
          squares += Math.pow(in.v[(n * in.c + c) * area + i] - mean[c], 2);
        }
      }
      variance[c] = squares / count;
      movedMean[c] = 0.9 * movedMean[c] + 0.1 * mean[c];
      movedVariance[c] = 0.9 * movedVariance[c] + 0.1 * squares / (count - 1);
    }
    moved.put(name + ".running_mean", movedMean);
    moved.put(name + ".running_var", movedVariance);
    for (int at = 0; at < in.v.length; at++) {
      int c = at / area % in.c;
      out.v[at] =
          (in.v[at] - mean[c]) / Math.sqrt(variance[c] + EPSILON) * weight(name + ".weight")[c]
              + weight(name + ".bias")[c];
    }
    return out;
  }

  static Images bounded(Images in, double most) {
    Images out = new Images(in.b, in.c, in.h, in.w);
    for (int i = 0; i < in.v.length; i++) {
      out.v[i] = Math.min(most, Math.max(0, in.v[i]));
    }
    return out;
  }

  static Images relu(Images in) {
    return bounded(in, Double.POSITIVE_INFINITY);
  }

  static Images sum(Images a, Images b) {
    Images out = new Images(a.b, a.c, a.h, a.w);
    for (int i = 0; i < a.v.length; i++) {
      out.v[i] = a.v[i] + b.v[i];
    }
    return out;
  }

  Images gate(String name, Images in) {
    double[] w = weight(name + ".conv.weight");
    double[][] means = means(in);
    Images out = new Images(in.b, in.c, in.h, in.w);
    int area = in.h * in.w;
    for (int n = 0; n < in.b; n++) {
      for (int c = 0; c < in.c; c++) {
        double u = 0;
        for (int j = 0; j < w.length; j++) {
          int near = c + j - w.length / 2;
          u += near < 0 || near >= in.c ? 0 : w[j] * means[n][near];
        }
        for (int i = 0; i < area; i++) {
          int at = (n * in.c + c) * area + i;
          out.v[at] = in.v[at] / (1 + Math.exp(-u));
        }
      }
    }
    return out;
  }

  static double[][] means(Images in) {
    double[][] means = new double[in.b][in.c];
    int area = in.h * in.w;
    for (int at = 0; at < in.v.length; at++) {
      means[at / area / in.c][at / area % in.c] += in.v[at] / area;
    }
    return means;
  }

  Images residual(String name, Images in, boolean bottleneck, int stride) {
    Images y;
    if (bottleneck) {
      y = relu(norm(name + "bn1", convolution(name + "conv1", in, 1, 1, 0, 1)));
      y = relu(norm(name + "bn2", convolution(name + "conv2", y, 3, stride, 1, 1)));
      y = norm(name + "bn3", convolution(name + "conv3", y, 1, 1, 0, 1));
    } else {
      y = relu(norm(name + "bn1", convolution(name + "conv1", in, 3, stride, 1, 1)));
      y = norm(name + "bn2", convolution(name + "conv2", y, 3, 1, 1, 1));
    }
    y = gate(name + "eca", y);
    Images shortcut = in;
    if (weights.containsKey(name + "downsample.0.weight")) {
      shortcut =
          norm(name + "downsample.1", convolution(name + "downsample.0", in, 1, stride, 0, 1));
    }
    return relu(sum(y, shortcut));
  }

  Images inverted(String name, Images in, int stride) {
    int layer = 0;
    Images y = in;
    String conv = name + "conv.";
    if (weights.containsKey(conv + "3.weight")) {
      y = bounded(norm(conv + "0.1", convolution(conv + "0.0", y, 1, 1, 0, 1)), 6);
      layer = 1;
    }
    String depth = conv + layer;
    y = bounded(norm(depth + ".1", convolution(depth + ".0", y, 3, stride, 1, y.c)), 6);
    y = norm(conv + (layer + 2), convolution(conv + (layer + 1), y, 1, 1, 0, 1));
    y = gate(conv + (layer + 3), y);
    return stride == 1 && y.c == in.c ? sum(in, y) : y;
  }

  double[] linear(String name, Images in) {
    double[][] z = means(in);
    double[] w = weight(name + ".weight");
    double[] bias = weight(name + ".bias");
    double[] y = new double[in.b * bias.length];
    for (int at = 0; at < y.length; at++) {
      int o = at % bias.length;
      y[at] = bias[o];
      for (int c = 0; c < in.c; c++) {
        y[at] += w[o * in.c + c] * z[at / bias.length][c];
      }
    }
    return y;
  }

  static Images largest(Images in) {
    Images out = new Images(in.b, in.c, (in.h - 1) / 2 + 1, (in.w - 1) / 2 + 1);
    for (int n = 0; n < in.b; n++) {
      for (int c = 0; c < in.c; c++) {
        for (int y = 0; y < out.h; y++) {
          for (int x = 0; x < out.w; x++) {
            double most = Double.NEGATIVE_INFINITY;
            for (int i = Math.max(0, 2 * y - 1); i <= Math.min(in.h - 1, 2 * y + 1); i++) {
              for (int j = Math.max(0, 2 * x - 1); j <= Math.min(in.w - 1, 2 * x + 1); j++) {
                most = Math.max(most, in.at(n, c, i, j));
              }
            }
            out.set(n, c, y, x, most);
          }
        }
      }
    }
    return out;
  }

  double[] resNet(Images in, boolean large, boolean bottleneck, List<Integer> units) {
    Images y = large ? convolution("conv1", in, 7, 2, 3, 1) : convolution("conv1", in, 3, 1, 1, 1);
    y = relu(norm("bn1", y));
    y = large ? largest(y) : y;
    for (int stage = 0; stage < units.size(); stage++) {
      for (int unit = 0; unit < units.get(stage); unit++) {
        String name = "layer" + (stage + 1) + "." + unit + ".";
        y = residual(name, y, bottleneck, stage > 0 && unit == 0 ? 2 : 1);
      }
    }
    return linear("fc", y);
  }

  double[] mobileNet(Images in) {
    Images y = bounded(norm("features.0.1", convolution("features.0.0", in, 3, 2, 1, 1)), 6);
    // The places of the units that halve the image: the paper's table 2.
    List<Integer> halving = List.of(2, 4, 7, 14);
    for (int unit = 1; unit <= 17; unit++) {
      y = inverted("features." + unit + ".", y, halving.contains(unit) ? 2 : 1);
    }
    y = bounded(norm("features.18.1", convolution("features.18.0", y, 1, 1, 0, 1)), 6);
    return linear("classifier.1", y);
  }
}
