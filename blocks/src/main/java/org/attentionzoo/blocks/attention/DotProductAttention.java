package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.kernels.ProductLibrary;
import org.attentionzoo.blocks.layers.Dropout;

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): softmax(scale Q K^T + bias) V
 * over the allowed keys; a query without any allowed key gives zeros.
 *
 * <p>The fused kernel never forms the attention pattern. The explicit path forms it: on the plain
 * path and while somebody listens at the owner's {@link #PATTERN} tap. In training with dropout,
 * where libtorch's fused kernel falls back to something slower, a kernel of its own forms it, for
 * causal attention on a CPU in pieces and without what lies ahead.
 */
public final class DotProductAttention {

  /** The tap of every block that calls this: (B, H, Lq, Lk), rows sum to 1 or are all zero. */
  public static final String PATTERN = "pattern";

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(DotProductAttention.class, "attention.torchscript");

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
    return attend(pass, owner, q, k, v, mask, bias, causal, scale, dropout, Normalizer.SOFTMAX);
  }

  /**
   * Attends with any normalizer. Only softmax has a fused kernel.
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
   * @param normalizer turns logits into the pattern
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
      double dropout,
      Normalizer normalizer) {
    if (fuses(pass, owner, q, dropout, normalizer)) {
      return pass.isBfloat16()
          ? bfloat16(q, k, v, mask, bias, causal, scale)
          : fast(q, k, v, mask, bias, causal, scale);
    }
    if (drops(pass, owner, q, dropout, normalizer)) {
      boolean oneDnn = ProductLibrary.isOneDnnFaster();
      return dropped(
          q, k, v, mask, bias, causal, scale, dropout, oneDnn, Dropout.isUniformFaster());
    }
    NDArray weights = normalizer.weights(logits(q, k, bias, scale), allowed(q, k, mask, causal));
    NDArray pattern = pass.tap(owner, PATTERN, weights);
    return Dropout.apply(pass, pattern, dropout).matMul(v);
  }

  /**
   * Attends with a bias F_q F_k^T that is never formed where the kernel may be used.
   *
   * @param pass what the pass carries
   * @param owner the block whose {@link #PATTERN} tap this is
   * @param q (B, H, Lq, d)
   * @param k (B, H, Lk, d)
   * @param v (B, H, Lk, e)
   * @param queryFactors (1 or B, 1 or H, Lq, R)
   * @param keyFactors (1 or B, 1 or H, Lk, R)
   * @param mask boolean, broadcastable to (B, H, Lq, Lk), true where a key is allowed; null for all
   * @param bias broadcastable to (B, H, Lq, Lk), added as well; null for none
   * @param causal whether query i sees only keys up to i (aligned at the first key)
   * @param scale multiplies the logits, but not the bias
   * @param dropout the rate on the pattern in training
   * @param normalizer turns logits into the pattern
   * @return (B, H, Lq, e)
   */
  public static NDArray attendFactored(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray queryFactors,
      NDArray keyFactors,
      NDArray mask,
      NDArray bias,
      boolean causal,
      double scale,
      double dropout,
      Normalizer normalizer) {
    if (fuses(pass, owner, q, dropout, normalizer)) {
      return fastFactored(q, k, v, queryFactors, keyFactors, mask, bias, causal, scale);
    }
    NDArray whole = queryFactors.matMul(keyFactors.swapAxes(2, 3));
    NDArray sum = bias == null ? whole : whole.add(bias);
    return attend(pass, owner, q, k, v, mask, sum, causal, scale, dropout, normalizer);
  }

  private static boolean fuses(
      Pass pass, Block owner, NDArray q, double dropout, Normalizer normalizer) {
    return (dropout == 0 || !pass.isTraining()) && isHidden(pass, owner, q, normalizer);
  }

  private static boolean drops(
      Pass pass, Block owner, NDArray q, double dropout, Normalizer normalizer) {
    return dropout > 0 && dropout < 1 && pass.isTraining() && isHidden(pass, owner, q, normalizer);
  }

  /** Whether a kernel may keep the pattern to itself. */
  private static boolean isHidden(Pass pass, Block owner, NDArray q, Normalizer normalizer) {
    return pass.kernels(q)
        && normalizer.equals(Normalizer.SOFTMAX)
        && !pass.listens(owner, PATTERN);
  }

  static NDArray dropped(
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray mask,
      NDArray bias,
      boolean causal,
      double scale,
      double dropout,
      boolean oneDnn,
      boolean uniform) {
    NDArray allowed = causal && mask != null ? mask.logicalAnd(causalMask(q, k)) : mask;
    boolean flag = causal && mask == null;
    return KERNELS.call(
        "dropped_attention", q, k, v, allowed, bias, flag, scale, dropout, oneDnn, uniform);
  }

  static NDArray fastFactored(
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray queryFactors,
      NDArray keyFactors,
      NDArray mask,
      NDArray bias,
      boolean causal,
      double scale) {
    NDArray allowed = causal && mask != null ? mask.logicalAnd(causalMask(q, k)) : mask;
    boolean flag = causal && mask == null;
    return KERNELS.call(
        "factored_attention",
        q,
        k,
        v,
        queryFactors,
        keyFactors,
        allowed,
        bias,
        flag,
        scale,
        ProductLibrary.isOneDnnFaster());
  }

  static NDArray fast(
      NDArray q, NDArray k, NDArray v, NDArray mask, NDArray bias, boolean causal, double scale) {
    return call("attention", q, k, v, mask, bias, causal, scale, ProductLibrary.isOneDnnFaster());
  }

  /** As {@link #fast} for causal attention, with oneDNN where that is known to suit. */
  static NDArray causalByOneDnn(NDArray q, NDArray k, NDArray v, double scale) {
    return call("attention", q, k, v, null, null, true, scale, true);
  }

  /** As {@link #fast}, in bfloat16 inside. */
  static NDArray bfloat16(
      NDArray q, NDArray k, NDArray v, NDArray mask, NDArray bias, boolean causal, double scale) {
    return call("attention_bfloat16", q, k, v, mask, bias, causal, scale, false);
  }

  private static NDArray call(
      String function,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray mask,
      NDArray bias,
      boolean causal,
      double scale,
      boolean oneDnn) {
    // is_causal and a mask may not be given together to every backend
    NDArray allowed = causal && mask != null ? mask.logicalAnd(causalMask(q, k)) : mask;
    boolean flag = causal && mask == null;
    return KERNELS.call(function, q, k, v, allowed, bias, flag, scale, oneDnn);
  }

  /**
   * The softmax pattern, in NDArray operations.
   *
   * @param q (B, H, Lq, d)
   * @param k (B, H, Lk, d)
   * @param mask boolean, true where a key is allowed; null for all
   * @param bias added to the scaled logits; null for none
   * @param causal whether query i sees only keys up to i
   * @param scale multiplies the logits
   * @return (B, H, Lq, Lk)
   */
  static NDArray pattern(
      NDArray q, NDArray k, NDArray mask, NDArray bias, boolean causal, double scale) {
    return Normalizer.SOFTMAX.weights(logits(q, k, bias, scale), allowed(q, k, mask, causal));
  }

  private static NDArray logits(NDArray q, NDArray k, NDArray bias, double scale) {
    NDArray logits = Arithmetic.times(q, scale).matMul(k.swapAxes(2, 3));
    return bias == null ? logits : logits.add(bias);
  }

  static NDArray allowed(NDArray q, NDArray k, NDArray mask, boolean causal) {
    if (!causal) {
      return mask;
    }
    return Masks.both(mask, causalMask(q, k));
  }

  private static NDArray causalMask(NDArray q, NDArray k) {
    return Masks.causalFromFirst(q, q.getShape().get(2), k.getShape().get(2));
  }
}
