package org.attentionzoo.blocks.papers.inlineattention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;

/** The feature maps of queries and keys that the official code offers, element by element. */
public enum FeatureKernel {
  /** x. */
  IDENTITY,
  /** max(x, 0). */
  RELU,
  /** x above 0, x / 100 below. */
  LEAKYRELU,
  /** exp(x / 5). */
  EXP;

  private static final float SLOPE = 0.01f;
  private static final double TEMPERATURE = 0.2;

  NDArray apply(NDArray x) {
    return switch (this) {
      case IDENTITY -> x;
      case RELU -> Activation.relu(x);
      case LEAKYRELU -> Activation.leakyRelu(x, SLOPE);
      case EXP -> Arithmetic.times(x, TEMPERATURE).exp();
    };
  }
}
