package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.positions.Alibi;

/**
 * Causal attention to a short span, at a cost linear in the length: the sequence is cut into blocks
 * of the span's size, and the queries of a block see keys of their own block and, unless the span
 * is {@link AttentionSpan.Kind#BLOCK}, of the one before.
 */
public final class LocalAttention {

  private LocalAttention() {}

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param owner whose pattern tap would be offered; nobody listens here
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param prefixKeys (B, H, P, d) keys that every query sees; null for none
   * @param prefixValues (B, H, P, d); null for none
   * @param valid (B, L) boolean; null for all
   * @param span which keys a query sees; not full. Blocks begin at index 0, padded or not
   * @param alibi whether linear biases are added
   * @param scale multiplies the logits
   * @param dropout the rate on the pattern in training
   * @return (B, H, L, d)
   */
  public static NDArray attend(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray prefixKeys,
      NDArray prefixValues,
      NDArray valid,
      AttentionSpan span,
      boolean alibi,
      double scale,
      double dropout) {
    int window = span.size();
    boolean pairs = span.kind() != AttentionSpan.Kind.BLOCK;
    Shape shape = q.getShape();
    long batch = shape.get(0);
    long heads = shape.get(1);
    long length = shape.get(2);
    long width = v.getShape().get(3);
    long blocks = (length + window - 1) / window;
    long padding = blocks * window - length;

    NDArray queries = blocks(pad(q, padding), window, 0);
    NDArray keys = pad(k, padding);
    NDArray values = pad(v, padding);
    keys = pairs ? pairs(keys, window) : blocks(keys, window, 0);
    values = pairs ? pairs(values, window) : blocks(values, window, 0);
    NDArray mask = mask(q, span, blocks, padding, valid);
    NDManager manager = q.getManager();
    NDArray bias = alibi ? Alibi.bias(manager, (int) heads, distance(q, span)).expandDims(0) : null;
    if (prefixKeys != null) {
      long prefix = prefixKeys.getShape().get(2);
      keys = perBlock(prefixKeys, blocks).concat(keys, 2);
      values = perBlock(prefixValues, blocks).concat(values, 2);
      Shape rows = mask.getShape();
      mask =
          manager
              .ones(new Shape(rows.get(0), 1, rows.get(2), prefix), DataType.BOOLEAN)
              .concat(mask, 3);
      if (bias != null) {
        bias = manager.zeros(new Shape(1, heads, window, prefix)).concat(bias, 3);
      }
    }
    NDArray context =
        DotProductAttention.attend(
            pass, owner, queries, keys, values, mask, bias, false, scale, dropout);
    return context
        .reshape(batch, blocks, heads, window, width)
        .transpose(0, 2, 1, 3, 4)
        .reshape(batch, heads, blocks * window, width)
        .get(":, :, :{}", length);
  }

  private static NDArray pad(NDArray x, long padding) {
    if (padding == 0) {
      return x;
    }
    Shape shape = x.getShape();
    Shape tail = new Shape(shape.get(0), shape.get(1), padding, shape.get(3));
    return x.concat(x.getManager().zeros(tail, x.getDataType()), 2);
  }

  /** (B, H, n W, d) to (B n, H, W, d). */
  private static NDArray blocks(NDArray x, int window, int drop) {
    Shape shape = x.getShape();
    long count = shape.get(2) / window - drop;
    return x.get(":, :, :{}", count * window)
        .reshape(shape.get(0), shape.get(1), count, window, shape.get(3))
        .transpose(0, 2, 1, 3, 4)
        .reshape(shape.get(0) * count, shape.get(1), window, shape.get(3));
  }

  /** (B, H, n W, d) to (B n, H, 2 W, d): each block behind the one before it, zeros at first. */
  private static NDArray pairs(NDArray x, int window) {
    Shape shape = x.getShape();
    NDArray zeros =
        x.getManager()
            .zeros(new Shape(shape.get(0), shape.get(1), window, shape.get(3)), x.getDataType());
    NDArray before = blocks(zeros.concat(x, 2), window, 1);
    return before.concat(blocks(x, window, 0), 2);
  }

  /** (B n, 1, W, W or 2 W). */
  private static NDArray mask(
      NDArray q, AttentionSpan span, long blocks, long padding, NDArray valid) {
    NDManager manager = q.getManager();
    int window = span.size();
    long batch = q.getShape().get(0);
    NDArray distance = distance(q, span);
    NDArray near = distance.gte(0);
    if (span.kind() == AttentionSpan.Kind.WINDOW) {
      near = near.logicalAnd(distance.lt(window));
    }
    near = near.expandDims(0).expandDims(0);
    NDArray exists =
        valid == null ? manager.ones(new Shape(1, q.getShape().get(2)), DataType.BOOLEAN) : valid;
    long rows = exists.getShape().get(0);
    NDArray front = manager.zeros(new Shape(rows, window), DataType.BOOLEAN);
    NDArray tail = manager.zeros(new Shape(rows, padding), DataType.BOOLEAN);
    NDArray all = Tensors.concat(new NDList(front, exists, tail), 1);
    NDArray keys = all.get(":, {}:", window).reshape(rows, blocks, window);
    if (span.kind() != AttentionSpan.Kind.BLOCK) {
      keys = all.get(":, :{}", blocks * window).reshape(rows, blocks, window).concat(keys, 2);
    }
    long columns = keys.getShape().get(2);
    return keys.broadcast(new Shape(batch, blocks, columns))
        .reshape(batch * blocks, 1, 1, columns)
        .logicalAnd(near);
  }

  /** (W, W or 2 W) float: query position minus key position. */
  private static NDArray distance(NDArray q, AttentionSpan span) {
    NDManager manager = q.getManager();
    int window = span.size();
    float first = span.kind() == AttentionSpan.Kind.BLOCK ? window : 0f;
    NDArray row = manager.arange((float) window, 2f * window, 1f, DataType.FLOAT32, q.getDevice());
    NDArray column = manager.arange(first, 2f * window, 1f, DataType.FLOAT32, q.getDevice());
    return row.expandDims(1).sub(column.expandDims(0));
  }

  /** (B, H, P, d) to (B n, H, P, d). */
  private static NDArray perBlock(NDArray prefix, long blocks) {
    return prefix.repeat(0, blocks);
  }
}
