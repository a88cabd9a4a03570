package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Attention in which every query has a list of keys of its own, M of N: what a selection of blocks
 * or spans leads to. Costs L M, not L N. A key that a list names twice counts twice.
 *
 * <p>Indices are (B or 1, H or 1, L, M) int64, each in 0..N-1 also where it does not count; keys
 * and values may have fewer heads G than the queries, H being a multiple of G.
 */
public final class GatheredAttention {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(GatheredAttention.class, "selection.torchscript");

  private static final double NEVER = -1e30;

  private GatheredAttention() {}

  /**
   * Softmax attention of each query to the keys of its list; zeros where none is allowed.
   *
   * @param pass what the pass carries
   * @param q (B, H, L, d)
   * @param k (B, G, N, d)
   * @param v (B, G, N, e)
   * @param index which keys, (B or 1, H or 1, L, M) int64
   * @param allowed boolean, broadcastable to (B, H, L, M), false where an entry of the list does
   *     not count; null for all
   * @param scale multiplies the logits
   * @return (B, H, L, e)
   */
  public static NDArray attend(
      Pass pass, NDArray q, NDArray k, NDArray v, NDArray index, NDArray allowed, double scale) {
    return pass.kernels(q)
        ? fast(q, k, v, index, allowed, scale)
        : plain(q, k, v, index, allowed, scale);
  }

  /**
   * Rows of keys or values; as many heads as the index has, or as x has if the index has one.
   *
   * @param pass what the pass carries
   * @param x (B, G, N, d)
   * @param index which rows, (B or 1, H or 1, L, M) int64
   * @return (B, H or G, L, M, d)
   */
  public static NDArray rows(Pass pass, NDArray x, NDArray index) {
    return pass.kernels(x) ? KERNELS.call("rows", x, index) : plainRows(x, index);
  }

  /**
   * Logits of each query with the keys of its list, without a mask.
   *
   * @param pass what the pass carries
   * @param q (B, H, L, d)
   * @param k (B, G, N, d)
   * @param index which keys, (B or 1, H or 1, L, M) int64
   * @param scale multiplies the logits
   * @return (B, H, L, M)
   */
  public static NDArray scores(Pass pass, NDArray q, NDArray k, NDArray index, double scale) {
    return pass.kernels(q)
        ? KERNELS.call("scores", q, k, index, scale)
        : plainScores(q, k, index, scale);
  }

  /**
   * Weighted sums of the values of each query's list.
   *
   * @param pass what the pass carries
   * @param weights (B, H, L, M)
   * @param v (B, G, N, e)
   * @param index which values, (B or 1, H or 1, L, M) int64
   * @return (B, H, L, e)
   */
  public static NDArray combine(Pass pass, NDArray weights, NDArray v, NDArray index) {
    return pass.kernels(weights)
        ? KERNELS.call("combine", weights, v, index)
        : plainCombine(weights, v, index);
  }

  static NDArray fast(
      NDArray q, NDArray k, NDArray v, NDArray index, NDArray allowed, double scale) {
    return KERNELS.call("attend", q, k, v, index, allowed, scale);
  }

  static NDArray plain(
      NDArray q, NDArray k, NDArray v, NDArray index, NDArray allowed, double scale) {
    NDArray logits = plainScores(q, k, index, scale);
    if (allowed == null) {
      return plainCombine(logits.softmax(-1), v, index);
    }
    NDArray counts = allowed.toType(q.getDataType(), false);
    NDArray never = q.getManager().full(logits.getShape(), (float) NEVER, q.getDataType());
    NDArray weights =
        NDArrays.where(allowed.broadcast(logits.getShape()), logits, never).softmax(-1);
    return plainCombine(weights.mul(counts), v, index);
  }

  static NDArray plainScores(NDArray q, NDArray k, NDArray index, double scale) {
    return plainRows(k, perHead(index, q))
        .mul(Arithmetic.times(q, scale).expandDims(3))
        .sum(new int[] {4});
  }

  static NDArray plainCombine(NDArray weights, NDArray v, NDArray index) {
    return plainRows(v, perHead(index, weights)).mul(weights.expandDims(4)).sum(new int[] {3});
  }

  private static NDArray perHead(NDArray index, NDArray like) {
    Shape shape = index.getShape();
    return index.broadcast(
        new Shape(shape.get(0), like.getShape().get(1), shape.get(2), shape.get(3)));
  }

  static NDArray plainRows(NDArray x, NDArray index) {
    NDManager manager = x.getManager();
    Shape shape = x.getShape();
    int batch = (int) shape.get(0);
    int groups = (int) shape.get(1);
    long count = shape.get(2);
    int heads = (int) Math.max(index.getShape().get(1), groups);
    NDArray rows =
        Arithmetic.times(
                manager.arange(0, batch, 1, DataType.INT64, x.getDevice()).reshape(batch, 1, 1, 1),
                groups)
            .add(
                manager
                    .arange(0, groups, 1, DataType.INT64, x.getDevice())
                    .repeat(0, heads / groups)
                    .reshape(1, heads, 1, 1));
    NDArray flat = Arithmetic.times(rows, count).add(index);
    NDArray table = x.reshape(batch * groups * count, shape.get(3));
    return Embedding.embedding(flat, table, SparseFormat.DENSE).singletonOrThrow();
  }
}
