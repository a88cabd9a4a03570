package org.attentionzoo.models;

import ai.djl.ndarray.NDArray;

/** PyTorch's cross entropy of tokens, for golden targets whose official model gives its loss. */
public final class TokenLoss {

  private TokenLoss() {}

  /**
   * The mean cross entropy in nats.
   *
   * @param logits (B, L, classes)
   * @param targets (B, L) int64
   * @param ignored the target of tokens that do not count
   * @return a scalar
   */
  public static NDArray mean(NDArray logits, NDArray targets, long ignored) {
    NDArray counts = targets.neq(ignored);
    NDArray weight = counts.toType(logits.getDataType(), false);
    NDArray index = targets.mul(counts.toType(targets.getDataType(), false)).expandDims(-1);
    NDArray chosen = logits.logSoftmax(-1).gather(index, 2).squeeze(2);
    return chosen.mul(weight).sum().neg().div(weight.sum());
  }
}
