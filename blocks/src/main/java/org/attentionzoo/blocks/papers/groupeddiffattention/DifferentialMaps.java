package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;

/** The difference of two attentions, and the learned factor of the second. */
final class DifferentialMaps {

  private DifferentialMaps() {}

  /**
   * Attends with softmax(s q1 k1^T) - lambda softmax(s q2 k2^T).
   *
   * @param pass what the pass carries
   * @param owner the block whose tap of patterns this is; it is offered the difference
   * @param q1 (B, n1, L, d) queries of signal heads
   * @param k1 (B, n1, Lk, d) their keys
   * @param v1 (B, n1, Lk, 2 d) their values
   * @param q2 (B, n2, L, d) queries of noise heads; n2 divides n1
   * @param k2 (B, n2, Lk, d) their keys
   * @param v2 (B, n2, Lk, 2 d) their values; those of the signal heads that a noise head serves
   * @param seen what queries see
   * @param bias broadcastable to (B, n1, L, Lk) and (B, n2, L, Lk), added to the scaled scores;
   *     null for none
   * @param scale multiplies scores
   * @param lambda (1)
   * @return (B, n1, L, 2 d)
   */
  static NDArray attend(
      Pass pass,
      Block owner,
      NDArray q1,
      NDArray k1,
      NDArray v1,
      NDArray q2,
      NDArray k2,
      NDArray v2,
      CausalKeys seen,
      NDArray bias,
      double scale,
      NDArray lambda) {
    int copies = (int) (q1.getShape().get(1) / q2.getShape().get(1));
    if (pass.kernels(q1) && !pass.listens(owner, DotProductAttention.PATTERN)) {
      NDArray signal = halves(pass, owner, q1, k1, v1, seen, bias, scale);
      NDArray noise = halves(pass, owner, q2, k2, v2, seen, bias, scale);
      return signal.sub(repeat(noise, copies).mul(lambda));
    }
    NDArray signal = pattern(q1, k1, seen, bias, scale);
    NDArray noise = pattern(q2, k2, seen, bias, scale);
    NDArray difference = signal.sub(repeat(noise, copies).mul(lambda));
    return pass.tap(owner, DotProductAttention.PATTERN, difference).matMul(v1);
  }

  /** Values as wide as keys take the fused path. */
  private static NDArray halves(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      CausalKeys seen,
      NDArray bias,
      double scale) {
    long half = v.getShape().get(3) / 2;
    NDArray first = one(pass, owner, q, k, v.get("..., :{}", half), seen, bias, scale);
    return first.concat(one(pass, owner, q, k, v.get("..., {}:", half), seen, bias, scale), -1);
  }

  private static NDArray one(
      Pass pass,
      Block owner,
      NDArray q,
      NDArray k,
      NDArray v,
      CausalKeys seen,
      NDArray bias,
      double scale) {
    return DotProductAttention.attend(
        pass, owner, q, k, v, seen.mask(), bias, seen.causal(), scale, 0);
  }

  private static NDArray pattern(
      NDArray q, NDArray k, CausalKeys seen, NDArray bias, double scale) {
    NDArray scores = Arithmetic.times(q, scale).matMul(k.swapAxes(2, 3));
    return Normalizer.SOFTMAX.weights(bias == null ? scores : scores.add(bias), seen.allowed());
  }

  static NDArray repeat(NDArray x, int copies) {
    return copies == 1 ? x : x.repeat(1, copies);
  }

  /**
   * exp(a1 . b1) - exp(a2 . b2) + start.
   *
   * @param pass what the pass carries
   * @param like an activation
   * @param vectors a1, b1, a2, b2
   * @param start the constant
   * @return (1)
   */
  static NDArray lambda(Pass pass, NDArray like, Parameter[] vectors, double start) {
    NDArray first = product(pass, like, vectors[0], vectors[1]).exp();
    NDArray second = product(pass, like, vectors[2], vectors[3]).exp();
    return first.sub(second).add(start);
  }

  private static NDArray product(Pass pass, NDArray like, Parameter a, Parameter b) {
    Shape shape = a.getShape();
    // A parameter may not be the receiver: results would live as long as it.
    NDArray own =
        like.getManager()
            .zeros(shape, like.getDataType(), like.getDevice())
            .add(pass.value(a, like));
    return own.mul(pass.value(b, like)).sum(new int[] {0}, true);
  }
}
