package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.AttentionTransfer;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Multi-head linear attention that can take the place of {@link
 * org.attentionzoo.blocks.attention.MultiHeadAttention} in a trained model: the same projections
 * and rotary positions, then feature maps and {@link LinearAttention} instead of softmax. While it
 * learns the weights of softmax attention, it still gives what softmax gives.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}, and what the maps
 * have under {@code feature_map_q} and {@code feature_map_k}. Taps: {@code pattern}, the weights
 * that act (softmax's unless the stage is linear), and {@code fidelity}, how near the weights are
 * to softmax.
 */
public final class LinearSelfAttention extends MixerBlock implements Measured {

  /**
   * The tap of (3, B, H, L): for each query the divergence of the weights from those of softmax,
   * the entropy of softmax's and that of the linear ones, in nats.
   */
  public static final String FIDELITY = "fidelity";

  /** What a converted attention does. */
  public enum Stage {
    /** Linear attention. */
    LINEAR,
    /** Softmax attention, as before the conversion. */
    SOFTMAX,
    /** Softmax attention, and a loss by which the feature maps learn its weights. */
    TRANSFER
  }

  private static final double LEAST = 1e-12;

  private final Config config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final UnaryBlock queryFeatures;
  private final UnaryBlock keyFeatures;
  private final LinearAttention attention;

  /**
   * Sizes and parts.
   *
   * @param width the size of the hidden states
   * @param heads the number of query heads
   * @param keyValueHeads the number of key and value heads; divides heads
   * @param headWidth the size of a head
   * @param bias whether the projections have biases
   * @param rotary rotary positions, applied before the feature maps; null for none
   * @param attention how features attend
   * @param stage what a converted attention does
   * @param transfer the loss while it learns
   * @param share the factor of this layer's loss, for example one by the number of layers
   */
  public record Config(
      int width,
      int heads,
      int keyValueHeads,
      int headWidth,
      boolean bias,
      Rotary rotary,
      LinearAttentionConfig attention,
      Stage stage,
      AttentionTransfer transfer,
      double share) {

    /** Checks the sizes. */
    public Config {
      if (width < 1 || heads < 1 || headWidth < 1 || keyValueHeads < 1) {
        throw new IllegalArgumentException(
            "width, heads, keyValueHeads and headWidth must be positive");
      }
      if (heads % keyValueHeads != 0) {
        throw new IllegalArgumentException(
            "heads must be a multiple of keyValueHeads; got " + heads + " and " + keyValueHeads);
      }
    }
  }

  /**
   * What one layer's weights are beside softmax's.
   *
   * @param output (B, L, width) what softmax attention gives; without gradient
   * @param weights (B, H, L, L) the linear weights
   * @param teacher (B, H, L, L) softmax's weights; without gradient
   * @param outputs (B, H, L, e) the heads' outputs by the linear weights
   * @param teacherOutputs (B, H, L, e) those by softmax's; without gradient
   * @param loss a scalar
   */
  public record Transfer(
      NDArray output,
      NDArray weights,
      NDArray teacher,
      NDArray outputs,
      NDArray teacherOutputs,
      NDArray loss) {}

  private record Heads(NDArray q, NDArray k, NDArray v) {}

  /**
   * Attention.
   *
   * @param config its sizes and parts
   * @param queryFeatures (B, heads, L, head width) to features
   * @param keyFeatures the same for keys, which are repeated for the heads that share them
   */
  public LinearSelfAttention(Config config, UnaryBlock queryFeatures, UnaryBlock keyFeatures) {
    this.config = config;
    int inner = config.heads() * config.headWidth();
    int grouped = config.keyValueHeads() * config.headWidth();
    query = child("q_proj", new Linear(config.width(), inner, config.bias()));
    key = child("k_proj", new Linear(config.width(), grouped, config.bias()));
    value = child("v_proj", new Linear(config.width(), grouped, config.bias()));
    output = child("o_proj", new Linear(inner, config.width(), config.bias()));
    this.queryFeatures = child("feature_map_q", queryFeatures);
    this.keyFeatures = child("feature_map_k", keyFeatures);
    attention = new LinearAttention(config.attention());
  }

  /**
   * Attention with named feature maps.
   *
   * @param config its sizes and parts
   * @param features the map of queries and, with weights of its own, of keys. Random directions are
   *     shared: products mean something only for the same ones
   */
  public LinearSelfAttention(Config config, Features features) {
    this(config, maps(config, features));
  }

  private LinearSelfAttention(Config config, List<UnaryBlock> maps) {
    this(config, maps.get(0), maps.get(1));
  }

  private static List<UnaryBlock> maps(Config config, Features features) {
    UnaryBlock queries = features.map(config.heads(), config.headWidth());
    return List.of(
        queries,
        queries instanceof RandomFeatures random
            ? random.tied()
            : features.map(config.heads(), config.headWidth()));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return config.attention().causal();
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(LinearAttention.PATTERN, FIDELITY);
  }

  /** The means of {@link #FIDELITY} over queries, heads and sequences. */
  @Override
  public List<Measurement> measurements() {
    return List.of(
        new Measurement(
            FIDELITY,
            fidelity -> fidelity.reshape(3, -1).mean(new int[] {1}),
            means -> {
              Map<String, Double> figures = new LinkedHashMap<>();
              figures.put("divergence", means[0]);
              figures.put("softmax_entropy", means[1]);
              figures.put("entropy", means[2]);
              return figures;
            }));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Heads heads = heads(pass, hidden, sequences);
    if (config.stage() != Stage.LINEAR && pass.cache() != null) {
      return continued(pass, heads, sequences.valid());
    }
    if (config.stage() == Stage.LINEAR) {
      NDArray q = queryFeatures.forward(pass, heads.q());
      NDArray k = keyFeatures.forward(pass, heads.k());
      if (pass.listens(this, FIDELITY)) {
        tapFidelity(pass, heads, q, k, sequences.valid());
      }
      return merge(pass, attention.attend(pass, this, q, k, heads.v(), sequences.valid()));
    }
    if (config.stage() == Stage.SOFTMAX && !pass.listens(this, FIDELITY)) {
      NDArray teacher = pass.tap(this, LinearAttention.PATTERN, teacher(heads, sequences.valid()));
      return merge(pass, teacher.matMul(heads.v()));
    }
    Transfer transfer = transfer(pass, heads, sequences.valid());
    if (config.stage() == Stage.TRANSFER) {
      pass.addAuxiliaryLoss("transfer", Arithmetic.times(transfer.loss(), config.share()));
    }
    return transfer.output();
  }

  /**
   * The linear weights beside softmax's, and the loss.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @param sequences padding and positions
   * @return both
   */
  public Transfer transfer(Pass pass, NDArray hidden, Sequences sequences) {
    return transfer(pass, heads(pass, hidden, sequences), sequences.valid());
  }

  private Transfer transfer(Pass pass, Heads heads, NDArray valid) {
    NDArray teacher;
    NDArray teacherOutputs;
    NDArray softmax;
    // Gradients would go through the projections, which stay as they are.
    try (GradientMode ignored = GradientMode.off()) {
      teacher = pass.tap(this, LinearAttention.PATTERN, teacher(heads, valid));
      teacherOutputs = teacher.matMul(heads.v());
      softmax = merge(pass, teacherOutputs);
    }
    NDArray q = queryFeatures.forward(pass, heads.q());
    NDArray k = keyFeatures.forward(pass, heads.k());
    NDArray weights = attention.pattern(q, k, valid);
    NDArray outputs = weights.matMul(heads.v());
    if (pass.listens(this, FIDELITY)) {
      pass.tap(this, FIDELITY, fidelity(teacher, weights));
    }
    NDArray loss = config.transfer().loss(weights, teacher, outputs, teacherOutputs, valid);
    return new Transfer(softmax, weights, teacher, outputs, teacherOutputs, loss);
  }

  private Heads heads(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), config.heads());
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.keyValueHeads());
    if (config.rotary() != null) {
      NDArray positions = sequences.positions(pass, this, hidden);
      q = config.rotary().rotate(pass, q, positions);
      k = config.rotary().rotate(pass, k, positions);
    }
    int copies = config.heads() / config.keyValueHeads();
    return new Heads(
        q, copies == 1 ? k : k.repeat(1, copies), copies == 1 ? v : v.repeat(1, copies));
  }

  /** Softmax attention to the new tokens and all remembered ones; nothing is learned. */
  private NDArray continued(Pass pass, Heads heads, NDArray valid) {
    DecodeState state = pass.cache().of(this);
    NDArray k = heads.k();
    NDArray live =
        valid == null
            ? k.getManager()
                .ones(new Shape(k.getShape().get(0), k.getShape().get(2)), DataType.BOOLEAN)
            : valid;
    NDArray v = heads.v();
    if (state.get("keys") != null) {
      k = state.borrow("keys", k).concat(k, 2);
      v = state.borrow("values", v).concat(v, 2);
      live = state.borrow("valid", k).concat(live, 1);
    }
    state.put("keys", k);
    state.put("values", v);
    state.put("valid", live);
    return merge(pass, teacher(new Heads(heads.q(), k, v), live).matMul(v));
  }

  private void tapFidelity(Pass pass, Heads heads, NDArray q, NDArray k, NDArray valid) {
    NDArray weights = attention.pattern(q, k, valid);
    pass.tap(this, FIDELITY, fidelity(teacher(heads, valid), weights));
  }

  private static NDArray fidelity(NDArray teacher, NDArray weights) {
    NDArray p = Arithmetic.atLeast(teacher, LEAST);
    NDArray r = Arithmetic.atLeast(weights, LEAST);
    int[] last = {3};
    NDArray entropy = teacher.mul(p.log()).sum(last).neg();
    NDArray crossEntropy = teacher.mul(r.log()).sum(last).neg();
    NDArray own = weights.mul(r.log()).sum(last).neg();
    return NDArrays.stack(new NDList(crossEntropy.sub(entropy), entropy, own), 0);
  }

  /** (B, H, Lq, Lk) softmax's weights; the last query is the last key. */
  private NDArray teacher(Heads heads, NDArray valid) {
    NDArray logits =
        Arithmetic.times(
            heads.q().matMul(heads.k().transpose(0, 1, 3, 2)), 1 / Math.sqrt(config.headWidth()));
    Shape shape = logits.getShape();
    NDArray earlier = isCausal() ? Masks.causal(logits, shape.get(2), shape.get(3)) : null;
    NDArray allowed = Masks.both(earlier, Masks.keys(valid));
    if (allowed == null) {
      return logits.softmax(3);
    }
    NDArray masked = allowed.toType(logits.getDataType(), false);
    NDArray pushed = Arithmetic.times(masked.sub(1), 1e30);
    return logits.mul(masked).add(pushed).softmax(3).mul(masked);
  }

  private NDArray merge(Pass pass, NDArray x) {
    return output.forward(pass, Tensors.joinHeads(x));
  }
}
