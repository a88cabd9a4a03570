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
 * Causal attention within a window, at a cost linear in the length: the sequence is cut into blocks
 * of the window's size, and the queries of a block see the keys of their own block and of the one
 * before.
 */
final class SlidingWindow {

  private SlidingWindow() {}

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
   * @param window how many tokens a token sees, itself included
   * @param alibi whether linear biases are added
   * @param scale multiplies the logits
   * @param dropout the rate on the pattern in training
   * @return (B, H, L, d)
   */
  static NDArray attend(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray prefixKeys,
      NDArray prefixValues,
      NDArray valid,
      int window,
      boolean alibi,
      double scale,
      double dropout) {
    Shape shape = q.getShape();
    long batch = shape.get(0);
    long heads = shape.get(1);
    long length = shape.get(2);
    long width = shape.get(3);
    long blocks = (length + window - 1) / window;
    long padding = blocks * window - length;

    NDArray queries = blocks(pad(q, padding), window, 0);
    NDArray keys = pairs(pad(k, padding), window);
    NDArray values = pairs(pad(v, padding), window);
    NDArray mask = mask(q, window, blocks, padding, valid);
    NDManager manager = q.getManager();
    NDArray bias =
        alibi ? Alibi.bias(manager, (int) heads, distance(q, window)).expandDims(0) : null;
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

  /** (n or B n, 1, W, 2 W). */
  private static NDArray mask(NDArray q, int window, long blocks, long padding, NDArray valid) {
    NDManager manager = q.getManager();
    long batch = q.getShape().get(0);
    NDArray distance = distance(q, window);
    NDArray near = distance.gte(0).logicalAnd(distance.lt(window)).expandDims(0).expandDims(0);
    NDArray exists =
        valid == null ? manager.ones(new Shape(1, q.getShape().get(2)), DataType.BOOLEAN) : valid;
    long rows = exists.getShape().get(0);
    NDArray front = manager.zeros(new Shape(rows, window), DataType.BOOLEAN);
    NDArray tail = manager.zeros(new Shape(rows, padding), DataType.BOOLEAN);
    NDArray all = Tensors.concat(new NDList(front, exists, tail), 1);
    NDArray before = all.get(":, :{}", blocks * window).reshape(rows, blocks, window);
    NDArray own = all.get(":, {}:", window).reshape(rows, blocks, window);
    NDArray keys = before.concat(own, 2).broadcast(new Shape(batch, blocks, 2L * window));
    return keys.reshape(batch * blocks, 1, 1, 2L * window).logicalAnd(near);
  }

  /** (W, 2 W) float: query position minus key position. */
  private static NDArray distance(NDArray q, int window) {
    NDManager manager = q.getManager();
    NDArray row = manager.arange((float) window, 2f * window, 1f, DataType.FLOAT32, q.getDevice());
    NDArray column = manager.arange(0f, 2f * window, 1f, DataType.FLOAT32, q.getDevice());
    return row.expandDims(1).sub(column.expandDims(0));
  }

  /** (B, H, P, d) to (B n, H, P, d). */
  private static NDArray perBlock(NDArray prefix, long blocks) {
    return prefix.repeat(0, blocks);
  }
}
