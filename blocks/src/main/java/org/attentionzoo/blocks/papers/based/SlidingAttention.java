package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.util.Set;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.LocalAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The sliding-window attention of BASED: softmax attention with rotary positions over a token and
 * the few before it.
 *
 * <p>State dict: {@code Wqkv}, {@code out_proj}. Tap: {@code pattern}. The decode cache holds the
 * window, at first filled with what nobody sees.
 */
public final class SlidingAttention extends MixerBlock {

  private final SlidingConfig config;
  private final int reach;
  private final Linear projection;
  private final Linear output;

  /**
   * A mixer.
   *
   * @param config its sizes
   * @param biases whether the projection to queries, keys and values has biases, then the output's
   * @param outputs how the output projection starts
   */
  public SlidingAttention(SlidingConfig config, boolean[] biases, Initializer outputs) {
    this.config = config;
    reach = config.window() / 2;
    int width = config.width();
    long all = config.heads() + 2L * config.keyValueHeads();
    Initializer zero = Initializers.constant(0);
    projection =
        child(
            "Wqkv",
            new Linear(
                width,
                all * config.headWidth(),
                Initializers.normal(0.02),
                biases[0] ? zero : null));
    output = child("out_proj", new Linear(width, width, outputs, biases[1] ? zero : null));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    long queries = config.width();
    long keys = queries + (long) config.keyValueHeads() * config.headWidth();
    NDList all = projection.forward(pass, hidden).split(new long[] {queries, keys}, 2);
    NDArray q = Tensors.splitHeads(all.get(0), config.heads());
    NDArray k = Tensors.splitHeads(all.get(1), config.keyValueHeads());
    NDArray v = Tensors.splitHeads(all.get(2), config.keyValueHeads());
    if (config.rotary() != null) {
      NDArray positions = sequences.positions(pass, this, hidden);
      q = rotate(pass, q, positions);
      k = rotate(pass, k, positions);
    }
    NDArray mixed =
        blockwise(pass, hidden)
            ? LocalAttention.attend(
                pass,
                this,
                q,
                ofHeads(k),
                ofHeads(v),
                null,
                null,
                sequences.valid(),
                AttentionSpan.window(reach + 1),
                false,
                config.scale(),
                0)
            : attend(pass, q, k, v, sequences.valid());
    return output.forward(pass, Tensors.joinHeads(mixed));
  }

  private boolean blockwise(Pass pass, NDArray hidden) {
    return pass.cache() == null
        && pass.kernels(hidden)
        && hidden.getShape().get(1) > 2L * (reach + 1)
        && !pass.listens(this, DotProductAttention.PATTERN);
  }

  private NDArray attend(Pass pass, NDArray q, NDArray k, NDArray v, NDArray valid) {
    NDArray keys = k;
    NDArray values = v;
    NDArray live = valid;
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray now = valid == null ? all(k, k.getShape().get(2), true) : valid;
      boolean begun = state.get("keys") != null;
      keys = (begun ? state.borrow("keys", k) : empty(k)).concat(k, 2);
      values = (begun ? state.borrow("values", k) : empty(v)).concat(v, 2);
      live = (begun ? state.borrow("valid", k) : all(k, reach, false)).concat(now, 1);
      long from = q.getShape().get(2);
      state.put("keys", keys.get(":, :, {}:", from));
      state.put("values", values.get(":, :, {}:", from));
      state.put("valid", live.get(":, {}:", from));
    }
    NDArray mask = Masks.both(near(q, keys), Masks.keys(live));
    return DotProductAttention.attend(
        pass, this, q, ofHeads(keys), ofHeads(values), mask, null, false, config.scale(), 0);
  }

  /** (1, 1, Lq, Lk): the last query is the last key. */
  private NDArray near(NDArray q, NDArray keys) {
    NDManager manager = q.getManager();
    int queries = (int) q.getShape().get(2);
    int count = (int) keys.getShape().get(2);
    NDArray row =
        manager
            .arange(count - queries, count, 1, DataType.INT64, q.getDevice())
            .reshape(1, 1, queries, 1);
    NDArray column =
        manager.arange(0, count, 1, DataType.INT64, q.getDevice()).reshape(1, 1, 1, count);
    NDArray distance = row.sub(column);
    return distance.gte(0).logicalAnd(distance.lte(reach));
  }

  private NDArray empty(NDArray like) {
    Shape shape = like.getShape();
    return like.getManager()
        .zeros(new Shape(shape.get(0), shape.get(1), reach, shape.get(3)), like.getDataType());
  }

  private static NDArray all(NDArray keys, long length, boolean seen) {
    Shape shape = new Shape(keys.getShape().get(0), length);
    NDManager manager = keys.getManager();
    return seen ? manager.ones(shape, DataType.BOOLEAN) : manager.zeros(shape, DataType.BOOLEAN);
  }

  private NDArray rotate(Pass pass, NDArray x, NDArray positions) {
    int rotated = config.rotated();
    if (rotated == config.headWidth()) {
      return config.rotary().rotate(pass, x, positions);
    }
    return config
        .rotary()
        .rotate(pass, x.get("..., :{}", rotated), positions)
        .concat(x.get("..., {}:", rotated), -1);
  }

  /** Each key or value head for the neighbouring heads that it serves. */
  private NDArray ofHeads(NDArray x) {
    int copies = config.heads() / config.keyValueHeads();
    return copies == 1 ? x : x.repeat(1, copies);
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }
}
