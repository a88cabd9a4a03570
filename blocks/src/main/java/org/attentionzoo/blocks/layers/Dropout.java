package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;

/** Inverted dropout, as PyTorch's: acts in training passes only. */
public final class Dropout {

  private Dropout() {}

  /**
   * Zeroes values at random and scales the others up.
   *
   * @param pass says whether this is a training pass
   * @param x any shape
   * @param rate the share of values that are zeroed, 0 to 1
   * @return the same shape
   */
  public static NDArray apply(Pass pass, NDArray x, double rate) {
    if (rate == 0 || !pass.isTraining()) {
      return x;
    }
    return ai.djl.nn.norm.Dropout.dropout(x, (float) rate, true).singletonOrThrow();
  }
}
