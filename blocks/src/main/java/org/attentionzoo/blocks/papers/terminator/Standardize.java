package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/**
 * Norms without weights and without memory: always by the statistics of what is given, in training
 * or not, as the official code has them.
 */
final class Standardize {

  static final int GROUPS = 12;
  private static final double EPSILON = 1e-5;

  private Standardize() {}

  /** Each channel of each image, (B, C, H, W) to the same. */
  static NDArray instance(NDArray x) {
    return over(x, 2, 3);
  }

  /** Each channel over the batch, (B, C, H, W) to the same. */
  static NDArray batch(NDArray x) {
    return over(x, 0, 2, 3);
  }

  /** Twelve groups of channels, in turn over the batch and by image. */
  static NDArray groups(NDArray x) {
    Shape shape = x.getShape();
    long size = shape.get(1) / GROUPS;
    NDList parts = new NDList();
    for (int group = 0; group < GROUPS; group++) {
      NDArray part = x.get(":, " + group * size + ":" + (group + 1) * size);
      parts.add(group % 2 == 0 ? batch(part) : instance(part));
    }
    return NDArrays.concat(parts, 1);
  }

  private static NDArray over(NDArray x, int... axes) {
    NDArray centred = x.sub(mean(x, axes));
    NDArray variance = mean(centred.square(), axes);
    return centred.div(variance.add(EPSILON).sqrt());
  }

  /** DJL takes one axis at a time. */
  private static NDArray mean(NDArray x, int... axes) {
    NDArray mean = x;
    for (int axis : axes) {
      mean = mean.mean(new int[] {axis}, true);
    }
    return mean;
  }
}
