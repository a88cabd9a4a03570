package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;

/**
 * Linearised relative positions (Qin et al. 2023, LRPE): a channel at position t becomes the pair
 * (x cos(theta t), x sin(theta t)), so that the product of two channels has the factor cos(theta (t
 * - j)). The frequencies are learned.
 *
 * <p>State dict: {@code theta} (heads, 1, head width), at first 10000^(-2 j / (heads * head width))
 * where j counts the channels of all heads.
 */
public final class Lrpe extends ZooBlock {

  private final int heads;
  private final int headWidth;
  private final Parameter theta;

  /**
   * Positions for heads.
   *
   * @param heads the number of heads
   * @param headWidth the size of a head
   */
  public Lrpe(int heads, int headWidth) {
    this.heads = heads;
    this.headWidth = headWidth;
    theta =
        parameter(
            "theta",
            (manager, shape, type) -> manager.create(frequencies(), shape).toType(type, false),
            heads,
            1,
            headWidth);
  }

  private float[] frequencies() {
    int channels = heads * headWidth;
    float[] frequencies = new float[channels];
    for (int j = 0; j < channels; j++) {
      frequencies[j] = (float) Math.pow(10000, -2.0 * j / channels);
    }
    return frequencies;
  }

  /**
   * Places queries or keys.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d)
   * @param positions (L) or (B, L) int64
   * @return (B, H, L, 2 d)
   */
  public NDArray place(Pass pass, NDArray x, NDArray positions) {
    NDArray t = positions.toType(x.getDataType(), false).expandDims(-1); // (L, 1) or (B, L, 1)
    NDArray perHead = t.getShape().dimension() == 3 ? t.expandDims(1) : t;
    NDArray angle = perHead.mul(pass.value(theta, x)); // (H, L, d) or (B, H, L, d)
    return Tensors.concat(new NDList(x.mul(angle.cos()), x.mul(angle.sin())), -1);
  }

  /**
   * Places queries or keys at 0, 1, 2, ...
   *
   * @param pass what the pass carries
   * @param inputs (B, H, L, d)
   * @return (B, H, L, 2 d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.singletonOrThrow();
    Shape shape = x.getShape();
    NDArray positions = x.getManager().arange((int) shape.get(2)).toDevice(x.getDevice(), false);
    return new NDList(place(pass, x, positions));
  }
}
