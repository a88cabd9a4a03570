package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.LocalAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.attention.SeenKeys;

/**
 * Attention to near tokens, in the two self patterns: noncausal to those at most w places away,
 * causal to the last w, the token itself included, as CAB's library counts. At a cost linear in the
 * length: blocks of queries see the keys of their own block and of its neighbours.
 */
public final class LocalWindow implements PatternCore {

  private final int window;

  /**
   * A window.
   *
   * @param window w, at least 1
   */
  public LocalWindow(int window) {
    if (window < 1) {
      throw new IllegalArgumentException("a window has at least 1 token, got " + window);
    }
    this.window = window;
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.of(AttentionPattern.NONCAUSAL_SELF, AttentionPattern.CAUSAL_SELF);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    NDArray valid = heads.sequences().valid();
    if (pattern == AttentionPattern.NONCAUSAL_SELF) {
      return around(heads.scaledQueries(), heads.k(), heads.v(), valid);
    }
    if (pass.cache() != null) {
      return streamed(pass, owner, heads);
    }
    AttentionSpan span = AttentionSpan.window(window);
    double scale = heads.scale();
    return LocalAttention.attend(
        pass, owner, heads.q(), heads.k(), heads.v(), null, null, valid, span, false, scale, 0);
  }

  private NDArray streamed(Pass pass, Block owner, Heads heads) {
    Sequences sequences = heads.sequences();
    NDArray positions = sequences.positions(pass, owner, heads.q().transpose(0, 2, 1, 3));
    DecodeState state = pass.cache().of(owner);
    SeenKeys all = SeenKeys.behind(state, 2, heads.k(), heads.v(), sequences.valid(), positions);
    long count = all.keys().getShape().get(2);
    all.rememberFrom(state, all.valid() == null ? Math.max(0, count - window + 1L) : 0);
    NDArray places = all.positions();
    NDArray mask =
        AttentionSpan.window(window).sees(positions.expandDims(-1), places.expandDims(-2));
    mask = mask.expandDims(mask.getShape().dimension() == 3 ? 1 : 0);
    if (all.valid() != null) {
      mask = mask.logicalAnd(all.valid().expandDims(1).expandDims(1));
    }
    double scale = heads.scale();
    return DotProductAttention.attend(
        pass, owner, heads.q(), all.keys(), all.values(), mask, null, false, scale, 0);
  }

  private NDArray around(NDArray q, NDArray k, NDArray v, NDArray valid) {
    NDManager manager = q.getManager();
    Shape shape = q.getShape();
    long length = shape.get(2);
    long blocks = (length + window - 1) / window;
    long padding = blocks * window - length;
    NDArray queries = pad(q, 0, padding);
    queries = queries.reshape(shape.get(0), shape.get(1), blocks, window, shape.get(3));
    NDArray scores = queries.matMul(neighbours(k, blocks, padding).swapAxes(3, 4));
    NDArray row = manager.arange(window, 2f * window, 1f, DataType.FLOAT32, q.getDevice());
    NDArray column = manager.arange(0f, 3f * window, 1f, DataType.FLOAT32, q.getDevice());
    NDArray near = row.expandDims(1).sub(column.expandDims(0)).abs().lte(window);
    NDArray exists =
        valid == null
            ? manager.ones(new Shape(1, length), DataType.FLOAT32).toDevice(q.getDevice(), false)
            : valid.toType(DataType.FLOAT32, false);
    Shape rows = exists.getShape();
    NDArray keys = neighbours(exists.reshape(rows.get(0), 1, length, 1), blocks, padding);
    NDArray allowed = keys.swapAxes(3, 4).gt(0).logicalAnd(near); // (1 or B, 1, n, w, 3 w)
    NDArray mixed = Normalizer.SOFTMAX.weights(scores, allowed);
    return mixed
        .matMul(neighbours(v, blocks, padding))
        .reshape(shape.get(0), shape.get(1), blocks * window, shape.get(3))
        .get(":, :, :{}", length);
  }

  /** (B, H, L, d) to (B, H, n, 3 w, d): each block between its neighbours, zeros at the ends. */
  private NDArray neighbours(NDArray x, long blocks, long padding) {
    NDArray padded = pad(x, window, padding + window);
    Shape shape = x.getShape();
    NDList shifted = new NDList();
    for (int i = 0; i < 3; i++) {
      long first = (long) i * window;
      shifted.add(
          padded
              .get(":, :, {}:{}", first, first + blocks * window)
              .reshape(shape.get(0), shape.get(1), blocks, window, shape.get(3)));
    }
    return Tensors.concat(shifted, 3);
  }

  /** Zeros before and after the tokens, along axis 2. */
  private static NDArray pad(NDArray x, long before, long after) {
    NDList parts = new NDList();
    if (before > 0) {
      parts.add(zeros(x, before));
    }
    parts.add(x);
    if (after > 0) {
      parts.add(zeros(x, after));
    }
    return Tensors.concat(parts, 2);
  }

  private static NDArray zeros(NDArray like, long size) {
    Shape shape = like.getShape();
    return like.getManager()
        .zeros(new Shape(shape.get(0), shape.get(1), size, shape.get(3)), like.getDataType())
        .toDevice(like.getDevice(), false);
  }
}
