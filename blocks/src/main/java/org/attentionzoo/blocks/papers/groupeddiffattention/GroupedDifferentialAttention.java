package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Grouped differential attention (Lim et al. 2025): groups of r signal heads share a noise head,
 * whose pattern is subtracted from theirs with a learned factor: RMSNorm((softmax(q k1^T) - lambda
 * softmax(q_noise k2^T)) [v1; v2]) (1 - lambda_init). With r = 1 it is differential attention.
 *
 * <p>Query heads come in groups, r of signal and one of noise; key and value heads in pairs. State
 * dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}, {@code lambda_q1}, {@code
 * lambda_k1}, {@code lambda_q2}, {@code lambda_k2} (head width), {@code subln.weight} (twice the
 * head width); biases of the projections where the config has them. Taps: {@code pattern}, {@code
 * lambda}.
 */
public final class GroupedDifferentialAttention extends MixerBlock {

  /** The tap of the factor of the noise, (1). */
  public static final String LAMBDA = "lambda";

  private final GroupedDifferentialConfig config;
  private final double start;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Parameter[] vectors;
  private final RmsNorm norm;
  private final Rotary rotary;

  /**
   * Attention of a layer, whose factor starts as in the official model: 0.8 - 0.6 exp(-0.3 (layer -
   * 1)), which is slightly negative at layer 0.
   *
   * @param config its sizes
   * @param layer the number of the layer, from 0
   */
  public GroupedDifferentialAttention(GroupedDifferentialConfig config, int layer) {
    this(config, 0.8 - 0.6 * Math.exp(-0.3 * (layer - 1)));
  }

  /**
   * Attention.
   *
   * @param config its sizes
   * @param start the factor of the noise at first
   */
  public GroupedDifferentialAttention(GroupedDifferentialConfig config, double start) {
    this.config = config;
    this.start = start;
    int d = config.headWidth();
    query = child("q_proj", new Linear(config.width(), (long) config.heads() * d, config.bias()));
    long keys = (long) config.keyValueHeads() * d;
    key = child("k_proj", new Linear(config.width(), keys, config.bias()));
    value = child("v_proj", new Linear(config.width(), keys, config.bias()));
    long signals = 2L * config.signalHeads() * d;
    output = child("o_proj", new Linear(signals, config.width(), config.outputBias()));
    vectors =
        config.learned()
            ? new Parameter[] {
              vector("lambda_q1"), vector("lambda_k1"), vector("lambda_q2"), vector("lambda_k2")
            }
            : null;
    norm = child("subln", new RmsNorm(2 * d, config.epsilon()));
    rotary = new Rotary(Rotary.Layout.HALF, config.rotaryBase());
  }

  private Parameter vector(String name) {
    return parameter(name, Initializers.normal(0.1), config.headWidth());
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN, LAMBDA);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    int d = config.headWidth();
    int groups = config.noiseHeads();
    int ratio = config.ratio();
    int pairs = config.keyValueHeads() / 2;
    NDArray positions = sequences.positions(pass, this, hidden);
    NDArray q =
        rotary.rotate(
            pass, Tensors.splitHeads(query.forward(pass, hidden), config.heads()), positions);
    NDArray k =
        rotary.rotate(
            pass, Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads()), positions);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), pairs);
    CausalKeys seen = CausalKeys.of(pass, this, k, v, sequences);

    NDArray grouped = q.reshape(batch, groups, ratio + 1L, length, d);
    NDArray signal =
        grouped.get(":, :, :{}", ratio).reshape(batch, config.signalHeads(), length, d);
    NDArray noise = grouped.get(":, :, {}", ratio);
    long count = seen.keys().getShape().get(2);
    NDArray paired = seen.keys().reshape(batch, pairs, 2, count, d);
    int ofSignal = config.signalHeads() / pairs;
    int ofNoise = groups / pairs;
    NDArray context =
        DifferentialMaps.attend(
            pass,
            this,
            signal,
            DifferentialMaps.repeat(paired.get(":, :, 0"), ofSignal),
            DifferentialMaps.repeat(seen.values(), ofSignal),
            noise,
            DifferentialMaps.repeat(paired.get(":, :, 1"), ofNoise),
            DifferentialMaps.repeat(seen.values(), ofNoise),
            seen,
            null,
            1 / Math.sqrt(d),
            pass.tap(this, LAMBDA, lambda(pass, hidden)));
    NDArray normed = Arithmetic.times(norm.forward(pass, context), 1 - start);
    return output.forward(pass, Tensors.joinHeads(normed));
  }

  private NDArray lambda(Pass pass, NDArray hidden) {
    return vectors == null
        ? hidden.getManager().full(new Shape(1), (float) start, hidden.getDataType())
        : DifferentialMaps.lambda(pass, hidden, vectors, start);
  }

  /**
   * Group-differentiated growth: an attention with more signal heads that computes the same. Each
   * signal head is copied beside itself, and what a copy adds to the output is divided by the
   * number of copies; keys, values, noise heads and factors stay.
   *
   * @param factor how many signal heads there will be for one
   * @param manager owns the new parameters
   * @return an initialised attention
   */
  public GroupedDifferentialAttention grow(int factor, NDManager manager) {
    GroupedDifferentialAttention grown =
        new GroupedDifferentialAttention(config.grown(factor), start);
    grown.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> from = StateDict.of(this);
    StateDict.of(grown)
        .forEach(
            (name, parameter) -> {
              float[] old = from.get(name).getArray().toFloatArray();
              parameter
                  .getArray()
                  .set(
                      switch (name) {
                        case "q_proj.weight" -> grownQueries(old, factor, config.width());
                        case "q_proj.bias" -> grownQueries(old, factor, 1);
                        case "o_proj.weight" -> grownOutput(old, factor);
                        default -> old;
                      });
            });
    return grown;
  }

  /** Rows of the given width. */
  private float[] grownQueries(float[] old, int factor, int width) {
    int block = config.headWidth() * width;
    int ratio = config.ratio();
    float[] result = new float[config.grown(factor).heads() * block];
    int to = 0;
    for (int head = 0; head < config.heads(); head++) {
      int copies = head % (ratio + 1) == ratio ? 1 : factor;
      for (int copy = 0; copy < copies; copy++) {
        System.arraycopy(old, head * block, result, to, block);
        to += block;
      }
    }
    return result;
  }

  private float[] grownOutput(float[] old, int factor) {
    int block = 2 * config.headWidth();
    int heads = config.signalHeads();
    float[] result = new float[old.length * factor];
    for (int row = 0; row < config.width(); row++) {
      for (int head = 0; head < heads * factor; head++) {
        for (int i = 0; i < block; i++) {
          result[(row * heads * factor + head) * block + i] =
              old[(row * heads + head / factor) * block + i] / factor;
        }
      }
    }
    return result;
  }
}
