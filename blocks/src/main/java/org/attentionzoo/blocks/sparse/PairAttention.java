package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Softmax attention over a list of pairs of a query and a key: the cost is that of the pairs, and
 * rows may have any number of them. A row without pairs gives zeros.
 *
 * <p>Stateless.
 */
public final class PairAttention {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(PairAttention.class, "pairs.torchscript");

  private PairAttention() {}

  /**
   * Attends by a kernel.
   *
   * @param q (B, H, L, d)
   * @param k (B, H, S, d)
   * @param v (B, H, S, e)
   * @param rows (pairs) int64, (b H + h) L + the query's place
   * @param keys (pairs) int64, (b H + h) S + the key's place; no pair is listed twice
   * @param scale multiplies the logits
   * @return (B, H, L, e)
   */
  public static NDArray attend(
      NDArray q, NDArray k, NDArray v, NDArray rows, NDArray keys, double scale) {
    return KERNELS.call("attend", q, k, v, rows, keys, scale);
  }

  /**
   * The weights of the same attention by NDArray operations, over the pairs that a mask marks.
   *
   * @param q (B, H, L, d)
   * @param k (B, H, S, d)
   * @param mask (B, H, L, S), 1 for a pair and 0 elsewhere, in q's type
   * @param scale multiplies the logits
   * @return (B, H, L, S), rows sum to 1 or are all zero
   */
  public static NDArray weights(NDArray q, NDArray k, NDArray mask, double scale) {
    NDArray scores = Arithmetic.times(q.matMul(k.transpose(0, 1, 3, 2)), scale);
    NDArray pushed = Arithmetic.times(mask.sub(1), 1e30);
    return scores.mul(mask).add(pushed).softmax(3).mul(mask);
  }

  /**
   * The mask that a list of pairs stands for.
   *
   * @param rows (pairs) int64
   * @param keys (pairs) int64
   * @param shape (B, H, L, S)
   * @param like an array of the wanted type and device
   * @return 1 for each pair, else 0
   */
  static NDArray mask(NDArray rows, NDArray keys, Shape shape, NDArray like) {
    return KERNELS.call("mask", like, rows, keys, shape.getShape());
  }
}
