package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Alibi;

/**
 * Multi-head attention (Vaswani et al. 2017, section 3.2.2) with grouped keys and values (Ainslie
 * et al. 2023), rotary positions or linear biases, a sliding window, key padding and a prefix that
 * every query sees; optionally with a router that weighs the heads for each token.
 *
 * <p>State dict, as in Llama: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}. With
 * a window and no padding the decode cache holds no more than the window. A window on long
 * sequences is computed block by block, at a cost linear in the length.
 */
public final class MultiHeadAttention extends MixerBlock implements Measured {

  /** The tap of the heads' weights (B, L, heads), if a router weighs them. */
  public static final String GATES = "gates";

  private final AttentionConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final HeadWeights weights;
  private final AttentionParts parts;
  private final double scale;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public MultiHeadAttention(AttentionConfig config) {
    this(config, null, AttentionParts.PLAIN);
  }

  /**
   * Attention whose heads are weighed for each token.
   *
   * @param config its sizes and switches
   * @param weights weighs the heads; its children become children of the attention. Null for
   *     weights of 1
   */
  public MultiHeadAttention(AttentionConfig config, HeadWeights weights) {
    this(config, weights, AttentionParts.PLAIN);
  }

  /**
   * Attention with other parts, whose heads may be weighed for each token.
   *
   * @param config its sizes and switches
   * @param weights weighs the heads; its children become children of the attention. Null for
   *     weights of 1
   * @param parts its normalizer, bias and scaling; their children become children of the attention
   */
  public MultiHeadAttention(AttentionConfig config, HeadWeights weights, AttentionParts parts) {
    if (weights != null && weights.parts() != config.heads()) {
      throw new IllegalArgumentException(
          "the router weighs "
              + weights.parts()
              + " heads, but the attention has "
              + config.heads());
    }
    if (config.alibi() && parts.bias() != null) {
      throw new IllegalArgumentException("attention has either linear biases or another bias");
    }
    this.config = config;
    this.weights = weights;
    this.parts = parts;
    int inner = config.heads() * config.headWidth();
    int grouped = config.keyValueHeads() * config.headWidth();
    query = child("q_proj", new Linear(config.width(), inner, config.bias()));
    key = child("k_proj", new Linear(config.width(), grouped, config.bias()));
    value = child("v_proj", new Linear(config.width(), grouped, config.bias()));
    output = child("o_proj", new Linear(inner, config.width(), config.bias()));
    if (weights != null) {
      weights.namedChildren().forEach(this::child);
    }
    if (parts.bias() != null) {
      parts.bias().parameterBlocks().forEach(this::child);
    }
    if (parts.scaling() != null) {
      parts.scaling().parameterBlocks().forEach(this::child);
    }
    scale = parts.unitVectors() ? 1 : 1 / Math.sqrt(config.headWidth());
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return config.causal();
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return weights == null
        ? Set.of(DotProductAttention.PATTERN)
        : Set.of(DotProductAttention.PATTERN, GATES);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements() {
    return weights == null ? List.of() : weights.measurements(GATES);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    return mix(pass, hidden, null, sequences);
  }

  /**
   * Attends within each sequence and to a prefix.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @param prefix (1 or B, P, width) hidden states that every query sees, at distance 0; null for
   *     none. In pieces of sequences it is given with each piece
   * @param sequences padding and positions
   * @return (B, L, width)
   * @throws IllegalArgumentException if there is a prefix and positions are rotary: a prefix has no
   *     position; or a prefix and other parts than those of plain attention
   */
  public NDArray mix(Pass pass, NDArray hidden, NDArray prefix, Sequences sequences) {
    if (prefix != null && config.rotary() != null) {
      throw new IllegalArgumentException("a prefix has no position; use attention without rotary");
    }
    if (prefix != null && !parts.arePlain()) {
      throw new IllegalArgumentException("a prefix needs attention with its plain parts");
    }
    long length = hidden.getShape().get(1);
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), config.heads());
    NDArray gates = weights == null ? null : gates(pass, hidden, q, sequences);
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.keyValueHeads());
    boolean needsPositions =
        config.rotary() != null || config.alibi() || config.window() > 0 || parts.bias() != null;
    NDArray positions = needsPositions ? sequences.positions(pass, this, hidden) : null;
    NDArray unplaced = q;
    if (parts.unitVectors()) {
      q = UnitVectors.of(q);
      k = UnitVectors.of(k);
    }
    if (parts.scaling() != null) {
      NDArray factor = parts.scaling().ofValues(pass, hidden, v);
      v = factor == null ? v : v.mul(factor);
    }
    if (config.rotary() != null) {
      q = config.rotary().rotate(pass, q, positions);
      k = config.rotary().rotate(pass, k, positions);
    }
    NDArray valid = sequences.valid();
    NDArray keyPositions = positions;
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      SeenKeys all = SeenKeys.behind(state, 2, k, v, valid, positions);
      long count = all.keys().getShape().get(2);
      boolean forgets = config.window() > 0 && all.valid() == null;
      all.rememberFrom(state, forgets ? Math.max(0, count - config.window() + 1L) : 0);
      k = all.keys();
      v = all.values();
      valid = all.valid();
      keyPositions = all.positions();
    }
    NDArray prefixKeys = null;
    NDArray prefixValues = null;
    if (prefix != null) {
      long batch = hidden.getShape().get(0);
      prefixKeys =
          expand(Tensors.splitHeads(key.forward(pass, prefix), config.keyValueHeads()), batch);
      prefixValues =
          expand(Tensors.splitHeads(value.forward(pass, prefix), config.keyValueHeads()), batch);
    }
    int copies = config.heads() / config.keyValueHeads();
    NDArray context;
    if (blockwise(pass, hidden, sequences)) {
      context =
          LocalAttention.attend(
              pass,
              this,
              q,
              repeatHeads(k, copies),
              repeatHeads(v, copies),
              prefix == null ? null : repeatHeads(prefixKeys, copies),
              prefix == null ? null : repeatHeads(prefixValues, copies),
              valid,
              AttentionSpan.window(config.window()),
              config.alibi(),
              scale,
              config.dropout());
    } else {
      NDArray mask = mask(pass, q, k, valid, positions, keyPositions);
      NDArray bias = config.alibi() ? alibi(q, positions, keyPositions) : null;
      boolean causal = config.causal() && mask == null && length > 1;
      if (parts.scaling() != null) {
        NDArray counts = counts(q, k, mask, causal);
        NDArray factor = parts.scaling().ofQueries(pass, hidden, unplaced, counts);
        q = factor == null ? q : q.mul(factor);
      }
      if (prefix != null) {
        long columns = prefix.getShape().get(1);
        if (mask == null && causal) {
          mask = Masks.causal(q, length, k.getShape().get(2));
          causal = false;
        }
        mask = mask == null ? null : prefixed(mask, columns, true);
        bias = bias == null ? null : prefixed(bias, columns, false);
        k = prefixKeys.concat(k, 2);
        v = prefixValues.concat(v, 2);
      }
      context =
          attend(
              pass,
              q,
              repeatHeads(k, copies),
              repeatHeads(v, copies),
              mask,
              bias,
              causal,
              positions,
              keyPositions);
    }
    Shape shape = context.getShape();
    NDArray heads = context.transpose(0, 2, 1, 3);
    if (gates != null) {
      heads = heads.mul(gates.expandDims(-1));
    }
    NDArray merged = heads.reshape(shape.get(0), length, shape.get(1) * shape.get(3));
    return output.forward(pass, merged);
  }

  private NDArray attend(
      Pass pass,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray mask,
      NDArray bias,
      boolean causal,
      NDArray positions,
      NDArray keyPositions) {
    if (parts.bias() instanceof FactoredBias factored) {
      FactoredBias.Factors factors = factored.factors(pass, q, k, positions, keyPositions);
      return DotProductAttention.attendFactored(
          pass,
          this,
          q,
          k,
          v,
          factors.queries(),
          factors.keys(),
          mask,
          bias,
          causal,
          scale,
          config.dropout(),
          parts.normalizer());
    }
    NDArray all =
        parts.bias() == null ? bias : parts.bias().bias(pass, q, k, positions, keyPositions, scale);
    return DotProductAttention.attend(
        pass, this, q, k, v, mask, all, causal, scale, config.dropout(), parts.normalizer());
  }

  /** How many keys each query sees, at least 1: (Lq, 1), (B, 1, Lq, 1) or a scalar. */
  private static NDArray counts(NDArray q, NDArray k, NDArray mask, boolean causal) {
    NDManager manager = q.getManager();
    int keys = (int) k.getShape().get(2);
    if (mask != null) {
      NDArray sum = mask.toType(DataType.FLOAT32, false).sum(new int[] {-1}, true);
      return Arithmetic.atLeast(sum, 1);
    }
    if (causal) {
      return manager.arange(1, keys + 1, 1, DataType.FLOAT32, q.getDevice()).expandDims(1);
    }
    return manager.arange(keys, keys + 1, 1, DataType.FLOAT32, q.getDevice());
  }

  private NDArray gates(Pass pass, NDArray hidden, NDArray q, Sequences sequences) {
    NDArray queries = q.transpose(0, 2, 1, 3);
    return pass.tap(this, GATES, weights.weigh(pass, hidden, queries, sequences.valid()));
  }

  private boolean blockwise(Pass pass, NDArray hidden, Sequences sequences) {
    return config.causal()
        && config.window() > 0
        && hidden.getShape().get(1) > 2L * config.window()
        && pass.cache() == null
        && sequences.positions() == null
        && parts.arePlain()
        && pass.kernels(hidden)
        && !pass.listens(this, DotProductAttention.PATTERN);
  }

  private NDArray mask(
      Pass pass, NDArray q, NDArray k, NDArray valid, NDArray positions, NDArray keyPositions) {
    long queries = q.getShape().get(2);
    long keys = k.getShape().get(2);
    NDArray mask = null;
    boolean aligned = queries == keys && config.window() == 0 && valid == null;
    if (config.causal() && !aligned && queries > 1) {
      mask = Masks.causal(q, queries, keys);
    }
    // A recorded graph has one form for all lengths: it always says how far tokens see.
    if (config.window() > 0 && (keys > config.window() || !pass.kernels(q))) {
      NDArray near = distance(positions, keyPositions).lt(config.window());
      if (!config.causal()) {
        near = near.logicalAnd(distance(positions, keyPositions).gt(-config.window()));
      }
      mask = Masks.both(mask, Masks.ofAllHeads(near));
    }
    return Masks.both(mask, Masks.keys(valid));
  }

  private NDArray alibi(NDArray q, NDArray positions, NDArray keyPositions) {
    NDArray distance = distance(positions, keyPositions).toType(DataType.FLOAT32, false);
    NDArray bias = Alibi.bias(q.getManager(), config.heads(), distance);
    return bias.getShape().dimension() == 3 ? bias.expandDims(0) : bias;
  }

  private static NDArray distance(NDArray positions, NDArray keyPositions) {
    return positions.expandDims(-1).sub(keyPositions.expandDims(-2));
  }

  /** Adds columns in front: true to a mask, 0 to a bias. */
  private static NDArray prefixed(NDArray rows, long columns, boolean mask) {
    Shape shape = rows.getShape();
    Shape front = new Shape(shape.get(0), shape.get(1), shape.get(2), columns);
    NDManager manager = rows.getManager();
    NDArray first =
        mask ? manager.ones(front, DataType.BOOLEAN) : manager.zeros(front, rows.getDataType());
    return first.toDevice(rows.getDevice(), false).concat(rows, 3);
  }

  private static NDArray expand(NDArray x, long batch) {
    Shape shape = x.getShape();
    return x.broadcast(new Shape(batch, shape.get(1), shape.get(2), shape.get(3)));
  }

  /** Repeats each key-value head for the consecutive query heads that share it. */
  private static NDArray repeatHeads(NDArray x, int copies) {
    return copies == 1 ? x : x.repeat(1, copies);
  }
}
