package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;

/** What the routers over heads share: the choice of the best, and the loss that balances it. */
final class HeadChoice {

  /** The name of the load-balancing loss among the auxiliary losses. */
  static final String BALANCE = "moh.balance";

  private HeadChoice() {}

  /**
   * The best candidates of each token.
   *
   * @param gates (B, L, candidates)
   * @param count how many are chosen
   * @return the same shape and type: 1 where chosen, else 0; no gradient
   */
  static NDArray best(NDArray gates, int count) {
    NDArray best = gates.stopGradient().topK(count, -1, true, false).get(1);
    int candidates = (int) gates.getShape().get(2);
    return best.oneHot(candidates, DataType.FLOAT32)
        .sum(new int[] {-2})
        .toType(gates.getDataType(), false);
  }

  /**
   * The load-balancing loss (equation 8 as the official code scales it): the number of candidates
   * times the sum over them of mean gate times mean load.
   *
   * @param gates (B, L, candidates)
   * @param mask the same shape, 1 where chosen
   * @param valid (B, L) boolean, false where padded; null if nothing is
   * @return a scalar, the number of chosen candidates if all is even
   */
  static NDArray balance(NDArray gates, NDArray mask, NDArray valid) {
    NDArray share = mean(gates, valid);
    NDArray load = mean(mask, valid);
    return Arithmetic.times(share.mul(load).sum(), gates.getShape().get(2));
  }

  private static NDArray mean(NDArray values, NDArray valid) {
    if (valid == null) {
      return values.mean(new int[] {0}).mean(new int[] {0});
    }
    NDArray live = valid.toType(values.getDataType(), false).expandDims(-1);
    return values.mul(live).sum(new int[] {0, 1}).div(Arithmetic.atLeast(live.sum(), 1));
  }
}
