package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;

/** Feature maps of linear attention that have no parameters. */
public final class FixedFeatures extends UnaryBlock {

  /** What is done to a query or key of width d. */
  public enum Kind {
    /** Nothing. */
    IDENTITY,
    /** 1 + elu(x) (Katharopoulos et al. 2020). */
    ELU,
    /** max(x, 0) (Kasai et al. 2021, without its projection). */
    RELU,
    /** exp(x). */
    EXP,
    /**
     * The terms of the second-order Taylor series of exp(q . k / sqrt(d)) (Arora et al. 2024): 1, x
     * / d^(1/4), x x^T / sqrt(2 d); 1 + d + d^2 features.
     */
    TAYLOR
  }

  private final Kind kind;
  private final double least;

  /**
   * A map.
   *
   * @param kind what is done
   */
  public FixedFeatures(Kind kind) {
    this(kind, 0);
  }

  /**
   * A map whose features are bounded from below.
   *
   * @param kind what is done
   * @param least the smallest feature; acts on {@code ELU} and {@code RELU} if positive
   */
  public FixedFeatures(Kind kind, double least) {
    this.kind = kind;
    this.least = least;
  }

  /**
   * Maps queries or keys.
   *
   * @param pass what the pass carries
   * @param x (..., d)
   * @return (..., features)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return switch (kind) {
      case IDENTITY -> x;
      case ELU -> bounded(Activation.elu(x, 1f).add(1));
      case RELU -> bounded(Activation.relu(x));
      case EXP -> x.exp();
      case TAYLOR -> taylor(x);
    };
  }

  private NDArray bounded(NDArray features) {
    return least > 0 ? Arithmetic.atLeast(features, least) : features;
  }

  private static NDArray taylor(NDArray x) {
    int axes = x.getShape().dimension();
    long width = x.getShape().get(axes - 1);
    long[] flat = x.getShape().getShape().clone();
    flat[axes - 1] = width * width;
    NDArray squares = x.expandDims(axes).mul(x.expandDims(axes - 1)).reshape(new Shape(flat));
    NDArray one = x.get("..., :1").onesLike();
    return Tensors.concat(
        new NDList(
            one,
            Arithmetic.times(x, Math.pow(width, -0.25)),
            Arithmetic.times(squares, 1 / Math.sqrt(2.0 * width))),
        axes - 1);
  }
}
