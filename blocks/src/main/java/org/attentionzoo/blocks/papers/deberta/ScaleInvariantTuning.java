package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.GradientMode;

/**
 * Scale-invariant fine-tuning (He et al. 2020, section 5.3): normalised embeddings are perturbed
 * where it changes the outputs most, and the change is punished.
 *
 * <pre>
 *   e = norm(embeddings)                                    without affine, also on the clean path
 *   d ~ N(0, s^2) cut at 2 s,   g = gradient at d of D(f(e + d), f(e)),
 *   d += rate g / (1e-6 + max |g| of its position),   loss = mean D(f(e + d), f(e))
 *   D(p, q) = cross-entropy(q, p) + cross-entropy(p, q)     targets without gradient
 * </pre>
 *
 * @param weight what the loss is multiplied by (the paper's lambda); 0 only normalises
 * @param rate how far the perturbation moves
 * @param deviation s, the scale of its start
 */
public record ScaleInvariantTuning(double weight, double rate, double deviation) {

  private static final double EPSILON = 1e-7;

  /**
   * The official rate and deviation.
   *
   * @param weight what the loss is multiplied by
   * @return the tuning
   */
  public static ScaleInvariantTuning of(double weight) {
    return new ScaleInvariantTuning(weight, 1e-4, 1e-2);
  }

  /**
   * LayerNorm without scale and shift.
   *
   * @param x (..., D)
   * @return the same shape
   */
  public NDArray normalize(NDArray x) {
    NDManager manager = x.getManager();
    Shape width = new Shape(x.getShape().tail());
    NDArray one = manager.ones(width, x.getDataType());
    NDArray zero = manager.zeros(width, x.getDataType());
    return ai.djl.nn.norm.LayerNorm.layerNorm(x, width, one, zero, (float) EPSILON)
        .singletonOrThrow();
  }

  /**
   * A random perturbation.
   *
   * @param like any shape
   * @return the same shape
   */
  NDArray start(NDArray like) {
    NDArray noise =
        like.getManager()
            .randomNormal(0f, (float) deviation, like.getShape(), DataType.FLOAT32)
            .toType(like.getDataType(), false);
    return Arithmetic.atMost(Arithmetic.atLeast(noise, -2 * deviation), 2 * deviation);
  }

  /**
   * The loss on perturbed embeddings. The perturbation takes one step against the model; of this
   * step no gradient is left on the model's parameters.
   *
   * @param normal the normalised embeddings, (B, L, D); they get no gradient
   * @param clean f(e), (B, classes)
   * @param model from perturbed embeddings to outputs
   * @return a scalar, not yet weighted
   */
  public NDArray loss(NDArray normal, NDArray clean, UnaryOperator<NDArray> model) {
    NDArray fixed = normal.stopGradient();
    NDArray delta = step(fixed, start(fixed), clean.stopGradient(), model);
    return difference(model.apply(fixed.add(delta)), clean).mean();
  }

  /** Moves a perturbation to where the outputs differ more. */
  NDArray step(NDArray fixed, NDArray start, NDArray clean, UnaryOperator<NDArray> model) {
    NDArray gradient;
    try (GradientMode ignored = GradientMode.on()) {
      NDArray leaf = start.stopGradient();
      leaf.setRequiresGradient(true);
      NDArray sum = difference(model.apply(fixed.add(leaf)), clean).sum();
      gradient = DisentangledSelfAttention.KERNELS.call("gradient", sum, leaf);
    }
    NDArray size = gradient.abs().max(new int[] {-1}, true).add(1e-6);
    return start.add(Arithmetic.times(gradient.div(size), rate)).stopGradient();
  }

  /**
   * The symmetric difference of two predictions.
   *
   * @param a logits, (B, classes)
   * @param b logits, (B, classes)
   * @return (B)
   */
  static NDArray difference(NDArray a, NDArray b) {
    NDArray first = a.logSoftmax(-1);
    NDArray second = b.logSoftmax(-1);
    NDArray forward = second.stopGradient().exp().mul(first);
    NDArray backward = first.stopGradient().exp().mul(second);
    return NDArrays.add(forward, backward).sum(new int[] {-1}).neg();
  }
}
