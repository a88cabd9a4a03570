package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Weights that are a function of each score alone, then brought to a common size.
 *
 * @param function makes a score positive
 * @param size what the weights of a query are divided by
 */
public record PositiveWeights(Function function, Size size) implements Normalizer {

  private static final double LEAST_SUM = 1e-30;

  /** What is made of a score x. */
  public enum Function {
    /** 1 / (1 + exp(-x)). */
    SIGMOID,
    /** max(x, 0). */
    RELU,
    /** max(x, 0)^2 (Primer, So et al. 2021). */
    RELU_SQUARED,
    /** ln(1 + exp(x)). */
    SOFTPLUS,
    /** 1 + x + x^2/2, the Taylor series of exp to the second order; always positive. */
    TAYLOR
  }

  /** What the weights of a query are divided by. */
  public enum Size {
    /** Nothing. */
    NONE,
    /** Their sum; weights that are all zero stay so. */
    SUM,
    /** The number of keys that the query sees. */
    COUNT
  }

  /**
   * Weights that sum to 1.
   *
   * @param function makes a score positive
   */
  public PositiveWeights(Function function) {
    this(function, Size.SUM);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray weights(NDArray scores, NDArray allowed) {
    NDArray raw = positive(scores);
    NDArray kept = allowed == null ? raw : raw.mul(allowed.toType(raw.getDataType(), false));
    return switch (size) {
      case NONE -> kept;
      case SUM -> kept.div(Arithmetic.atLeast(kept.sum(new int[] {-1}, true), LEAST_SUM));
      case COUNT -> kept.div(count(scores, allowed));
    };
  }

  /**
   * How many keys each query sees, at least 1.
   *
   * @param scores (B, H, Lq, Lk)
   * @param allowed boolean, broadcastable to the scores; null for all
   * @return broadcastable to (B, H, Lq, 1), of the scores' type
   */
  static NDArray count(NDArray scores, NDArray allowed) {
    NDArray seen =
        allowed == null
            ? scores.get(":1, :1, :1").onesLike()
            : allowed.toType(scores.getDataType(), false);
    return Arithmetic.atLeast(seen.sum(new int[] {-1}, true), 1);
  }

  private NDArray positive(NDArray x) {
    return switch (function) {
      case SIGMOID -> Activation.sigmoid(x);
      case RELU -> Activation.relu(x);
      case RELU_SQUARED -> Activation.relu(x).square();
      case SOFTPLUS -> Activation.softPlus(x);
      case TAYLOR -> Arithmetic.times(x.square(), 0.5).add(x).add(1);
    };
  }
}
