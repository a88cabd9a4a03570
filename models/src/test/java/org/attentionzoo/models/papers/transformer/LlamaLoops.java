package org.attentionzoo.models.papers.transformer;

import java.util.Map;

/**
 * A Llama-style decoder in loops over doubles, written from the equations: RMSNorm (Zhang and
 * Sennrich 2019), rotary positions with halves as pairs (Su et al. 2021), grouped queries (Ainslie
 * et al. 2023), SwiGLU (Shazeer 2020). Weights go by Hugging Face's names.
 */
final class LlamaLoops {

  /** How often a frequency turns in the trained context decides how much it is slowed down. */
  interface Frequency {
    double of(double frequency);
  }

  private final LlamaModelConfig config;
  private final Map<String, float[]> weights;
  private final Frequency frequency;

  LlamaLoops(LlamaModelConfig config, Map<String, float[]> weights, Frequency frequency) {
    this.config = config;
    this.weights = weights;
    this.frequency = frequency;
  }

  /** Logits for each token. */
  double[][] run(long[] tokens) {
    int width = config.width();
    float[] table = weights.get("model.embed_tokens.weight");
    double[][] x = new double[tokens.length][width];
    for (int t = 0; t < tokens.length; t++) {
      for (int i = 0; i < width; i++) {
        x[t][i] = table[(int) tokens[t] * width + i];
      }
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      String name = "model.layers." + layer + ".";
      add(x, attention(name + "self_attn.", norm(x, name + "input_layernorm.weight")));
      add(x, swiGlu(name + "mlp.", norm(x, name + "post_attention_layernorm.weight")));
    }
    double[][] last = norm(x, "model.norm.weight");
    String head = config.tied() ? "model.embed_tokens" : "lm_head";
    return project(last, head, config.vocabulary());
  }

  private static void add(double[][] x, double[][] y) {
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < x[t].length; i++) {
        x[t][i] += y[t][i];
      }
    }
  }

  private double[][] norm(double[][] x, String name) {
    float[] weight = weights.get(name);
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double squares = 0;
      for (double value : x[t]) {
        squares += value * value;
      }
      double root = Math.sqrt(squares / x[t].length + config.normEpsilon());
      y[t] = new double[x[t].length];
      for (int i = 0; i < x[t].length; i++) {
        y[t][i] = weight[i] * x[t][i] / root;
      }
    }
    return y;
  }

  private double[][] project(double[][] x, String name, int out) {
    float[] weight = weights.get(name + ".weight");
    float[] bias = weights.get(name + ".bias");
    double[][] y = new double[x.length][out];
    for (int t = 0; t < x.length; t++) {
      for (int o = 0; o < out; o++) {
        double sum = bias == null ? 0 : bias[o];
        for (int i = 0; i < x[t].length; i++) {
          sum += (double) weight[o * x[t].length + i] * x[t][i];
        }
        y[t][o] = sum;
      }
    }
    return y;
  }

  private double[][] attention(String name, double[][] x) {
    int d = config.headWidth();
    double[][] q = project(x, name + "q_proj", config.heads() * d);
    double[][] k = project(x, name + "k_proj", config.keyValueHeads() * d);
    double[][] v = project(x, name + "v_proj", config.keyValueHeads() * d);
    rotate(q, config.heads());
    rotate(k, config.keyValueHeads());
    int sharing = config.heads() / config.keyValueHeads();
    double[][] context = new double[x.length][config.heads() * d];
    for (int head = 0; head < config.heads(); head++) {
      int group = head / sharing;
      for (int t = 0; t < x.length; t++) {
        int first = config.window() == 0 ? 0 : Math.max(0, t - config.window() + 1);
        double[] share = new double[t + 1];
        double total = 0;
        for (int s = first; s <= t; s++) {
          double product = 0;
          for (int i = 0; i < d; i++) {
            product += q[t][head * d + i] * k[s][group * d + i];
          }
          share[s] = Math.exp(product / Math.sqrt(d));
          total += share[s];
        }
        for (int s = first; s <= t; s++) {
          for (int i = 0; i < d; i++) {
            context[t][head * d + i] += share[s] / total * v[s][group * d + i];
          }
        }
      }
    }
    return project(context, name + "o_proj", config.width());
  }

  /** Channel i of a head is turned together with channel i + d/2. */
  private void rotate(double[][] x, int heads) {
    int d = config.headWidth();
    for (int t = 0; t < x.length; t++) {
      for (int head = 0; head < heads; head++) {
        for (int i = 0; i < d / 2; i++) {
          double angle = t * frequency.of(Math.pow(config.rotaryBase(), -2.0 * i / d));
          double a = x[t][head * d + i];
          double b = x[t][head * d + i + d / 2];
          x[t][head * d + i] = a * Math.cos(angle) - b * Math.sin(angle);
          x[t][head * d + i + d / 2] = b * Math.cos(angle) + a * Math.sin(angle);
        }
      }
    }
  }

  private double[][] swiGlu(String name, double[][] x) {
    double[][] gate = project(x, name + "gate_proj", config.hidden());
    double[][] up = project(x, name + "up_proj", config.hidden());
    for (int t = 0; t < x.length; t++) {
      for (int i = 0; i < config.hidden(); i++) {
        up[t][i] *= gate[t][i] / (1 + Math.exp(-gate[t][i]));
      }
    }
    return project(up, name + "down_proj", config.width());
  }
}
