package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.layers.Dropout;

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(scale Q K^T + bias) V
 * over the allowed keys; a query without any allowed key gives zeros.
 *
 * <p>The fused kernel never forms the attention pattern. The explicit path forms it: on the plain
 * path, while somebody listens at the owner's {@link #PATTERN} tap, and in training with dropout,
 * where libtorch's fused kernel falls back to something slower.
 */
public final class DotProductAttention {

  /** The tap of every block that calls this: (B, H, Lq, Lk), rows sum to 1 or are all zero. */
  public static final String PATTERN = "pattern";

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(DotProductAttention.class, "attention.torchscript");

  /** Stands for minus infinity where a row may be masked as a whole. */
  private static final float MASKED = -1e30f;

  private DotProductAttention() {}

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param owner the block whose {@link #PATTERN} tap this is
   * @param q (B, H, Lq, d)
   * @param k (B, H, Lk, d)
   * @param v (B, H, Lk, e)
   * @param mask boolean, broadcastable to (B, H, Lq, Lk), true where a key is allowed; null for all
   * @param bias broadcastable to (B, H, Lq, Lk), added to the scaled logits; null for none
   * @param causal whether query i sees only keys up to i (aligned at the first key)
   * @param scale multiplies the logits
   * @param dropout the rate on the pattern in training
   * @return (B, H, Lq, e)
   */
  public static NDArray attend(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray mask,
      NDArray bias,
      boolean causal,
      double scale,
      double dropout) {
    boolean drops = dropout > 0 && pass.isTraining();
    if (pass.kernels(q) && !drops && !pass.listens(owner, PATTERN)) {
      return fast(q, k, v, mask, bias, causal, scale);
    }
    NDArray pattern = pass.tap(owner, PATTERN, pattern(q, k, mask, bias, causal, scale));
    return Dropout.apply(pass, pattern, dropout).matMul(v);
  }

  static NDArray fast(
      NDArray q, NDArray k, NDArray v, NDArray mask, NDArray bias, boolean causal, double scale) {
    // is_causal and a mask may not be given together to every backend
    NDArray allowed = causal && mask != null ? mask.logicalAnd(causalMask(q, k)) : mask;
    boolean flag = causal && mask == null;
    return KERNELS.call("attention", q, k, v, allowed, bias, flag, scale);
  }

  static NDArray pattern(
      NDArray q, NDArray k, NDArray mask, NDArray bias, boolean causal, double scale) {
    NDArray logits = Arithmetic.times(q, scale).matMul(k.swapAxes(2, 3));
    if (bias != null) {
      logits = logits.add(bias);
    }
    NDArray allowed = mask;
    if (causal) {
      NDArray tril = causalMask(q, k);
      allowed = mask == null ? tril : mask.logicalAnd(tril);
    }
    if (allowed == null) {
      return logits.softmax(-1);
    }
    NDArray keep = allowed.toType(logits.getDataType(), false);
    NDArray blocked = Arithmetic.times(Tensors.oneMinus(keep), MASKED);
    return logits.mul(keep).add(blocked).softmax(-1).mul(keep);
  }

  private static NDArray causalMask(NDArray q, NDArray k) {
    NDManager manager = q.getManager();
    long queries = q.getShape().get(2);
    long keys = k.getShape().get(2);
    NDArray row = manager.arange(0, (int) queries, 1, DataType.INT64, q.getDevice());
    NDArray column = manager.arange(0, (int) keys, 1, DataType.INT64, q.getDevice());
    return column.reshape(new Shape(1, keys)).lte(row.reshape(new Shape(queries, 1)));
  }
}
