package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.jni.JniUtils;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Softmax attention to a part of the keys, with what is needed to put it together with attention to
 * another part: the logarithm of the softmax's denominator.
 *
 * <p>Thread safety: immutable; the arrays belong to the manager of the queries.
 *
 * @param output (..., Lq, e) softmax(scale q k^T + bias) v over the part
 * @param logSumExp (..., Lq, 1) log of the sum of exp(scale q k^T + bias) over the part
 */
public record PartialAttention(NDArray output, NDArray logSumExp) {

  /** Stands for minus infinity, whose gradients would not be numbers. */
  private static final double NEVER = -1e30;

  /** Numbers of a pattern up to which forming it was measured to be faster. */
  private static final long LARGEST_PATTERN = 1L << 24;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(PartialAttention.class, "partial_attention.torchscript");

  /**
   * Attends to a part of the keys. A large pattern is not formed where no graph is recorded, on a
   * CPU and without a mask.
   *
   * @param pass what the pass carries
   * @param q (B, H, Lq, d)
   * @param k (B, H, Lk, d)
   * @param v (B, H, Lk, e)
   * @param allowed boolean, broadcastable to (B, H, Lq, Lk), true where a key may be seen; null for
   *     all. A query that may see no key has a finite output, which any merge drops, and a
   *     log-sum-exp of about -1e30
   * @param causal whether query i sees only keys up to i
   * @param scale multiplies the logits
   * @return the partial result
   */
  public static PartialAttention of(
      Pass pass, NDArray q, NDArray k, NDArray v, NDArray allowed, boolean causal, double scale) {
    return pass.kernels(q)
        ? fast(q, k, v, allowed, causal, scale)
        : plain(q, k, v, allowed, causal, scale);
  }

  static PartialAttention fast(
      NDArray q, NDArray k, NDArray v, NDArray allowed, boolean causal, double scale) {
    boolean fused =
        allowed == null
            && !JniUtils.isGradMode()
            && !q.getDevice().isGpu()
            && q.getShape().size() / q.getShape().get(3) * k.getShape().get(2) > LARGEST_PATTERN
            && q.getShape().get(3) == v.getShape().get(3);
    NDList both =
        KERNELS.callAll("partial_attention", q, k, v, allowed, causal, scale, NEVER, fused);
    return new PartialAttention(both.get(0), both.get(1));
  }

  static PartialAttention plain(
      NDArray q, NDArray k, NDArray v, NDArray allowed, boolean causal, double scale) {
    NDArray logits = Arithmetic.times(q.matMul(k.swapAxes(2, 3)), scale);
    NDArray earlier =
        causal ? Masks.causalFromFirst(q, q.getShape().get(2), k.getShape().get(2)) : null;
    NDArray seen = Masks.both(allowed, earlier);
    if (seen != null) {
      NDArray mask = seen.toType(logits.getDataType(), false);
      logits = logits.mul(mask).add(Arithmetic.times(Tensors.oneMinus(mask), NEVER));
    }
    NDArray largest = logits.max(new int[] {-1}, true).stopGradient();
    NDArray weights = logits.sub(largest).exp();
    NDArray sum = weights.sum(new int[] {-1}, true);
    return new PartialAttention(weights.div(sum).matMul(v), sum.log().add(largest));
  }

  /**
   * Attention to both parts, which have no key in common.
   *
   * @param other attention of the same queries to other keys
   * @return attention to the keys of both
   */
  public PartialAttention merge(PartialAttention other) {
    NDArray largest = logSumExp.maximum(other.logSumExp).stopGradient();
    NDArray sum =
        logSumExp.sub(largest).exp().add(other.logSumExp.sub(largest).exp()).log().add(largest);
    return new PartialAttention(mixed(other), sum);
  }

  /**
   * As {@link #merge(PartialAttention)}, with a log-sum-exp of lse - log(c + epsilon), where c is
   * the share of this part. It is too small by nearly everything where c is less than epsilon.
   *
   * @param other attention of the same queries to other keys
   * @param epsilon added to the share
   * @return attention to the keys of both
   */
  public PartialAttention merge(PartialAttention other, double epsilon) {
    NDArray sum = logSumExp.sub(share(other).add(epsilon).log());
    return new PartialAttention(mixed(other), sum);
  }

  private NDArray mixed(PartialAttention other) {
    NDArray share = share(other);
    return output.mul(share).add(other.output.mul(Tensors.oneMinus(share)));
  }

  /** 1 / (1 + exp(other - this)), without an exponential that may be infinite. */
  private NDArray share(PartialAttention other) {
    return logSumExp.sub(other.logSumExp).getNDArrayInternal().sigmoid();
  }

  /**
   * Counts every key of the part several times.
   *
   * @param times how often, also less than once
   * @return the same output with a larger log-sum-exp
   */
  public PartialAttention weighed(double times) {
    return new PartialAttention(output, logSumExp.add(Math.log(times)));
  }

  /**
   * The results in the order of time, if the queries were sorted.
   *
   * @param pass what the pass carries
   * @param order how the queries were sorted
   * @return the results of the queries as they stood before
   */
  public PartialAttention undo(Pass pass, TokenOrder order) {
    return new PartialAttention(order.undo(pass, output), order.undo(pass, logSumExp));
  }
}
