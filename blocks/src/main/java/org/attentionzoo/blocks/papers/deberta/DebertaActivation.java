package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;

/** The activations that DeBERTa's configs may name. */
public enum DebertaActivation {
  /** x times the normal distribution function of x, exact. */
  GELU,
  /** max(x, 0). */
  RELU,
  /** x sigmoid(x). */
  SWISH,
  /** tanh(x). */
  TANH,
  /** x. */
  LINEAR,
  /** 1 / (1 + exp(-x)). */
  SIGMOID;

  /**
   * Applies it to each value.
   *
   * @param x any shape
   * @return the same shape
   */
  public NDArray apply(NDArray x) {
    return switch (this) {
      case GELU -> Activation.gelu(x);
      case RELU -> Activation.relu(x);
      case SWISH -> Arithmetic.silu(x);
      case TANH -> Activation.tanh(x);
      case LINEAR -> x;
      case SIGMOID -> Activation.sigmoid(x);
    };
  }
}
