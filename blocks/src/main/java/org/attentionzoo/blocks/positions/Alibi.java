package org.attentionzoo.blocks.positions;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** Attention with linear biases (Press et al. 2021): -slope_h * distance, added to the logits. */
public final class Alibi {

  private Alibi() {}

  /**
   * The slopes of the heads: the geometric sequence 2^(-8/n), 2^(-16/n), ... for a power of two,
   * and for another number of heads that of the next lower power of two, filled up with every other
   * slope of the next higher one.
   *
   * @param heads the number of heads
   * @return a slope for each head
   */
  public static float[] slopes(int heads) {
    int power = Integer.highestOneBit(heads);
    float[] slopes = new float[heads];
    for (int i = 0; i < power; i++) {
      slopes[i] = (float) Math.pow(2, -8.0 * (i + 1) / power);
    }
    for (int i = power; i < heads; i++) {
      slopes[i] = (float) Math.pow(2, -8.0 * (2 * (i - power) + 1) / (2 * power));
    }
    return slopes;
  }

  /**
   * The bias for distances.
   *
   * @param manager owns the slopes
   * @param heads the number of heads
   * @param distance (..., Lq, Lk) float, query position minus key position
   * @return (..., heads, Lq, Lk) where the leading axes of distance come first
   */
  public static NDArray bias(NDManager manager, int heads, NDArray distance) {
    NDArray slopes =
        manager.create(slopes(heads), new Shape(heads, 1, 1)).toDevice(distance.getDevice(), false);
    return distance.abs().expandDims(-3).mul(slopes).neg();
  }
}
