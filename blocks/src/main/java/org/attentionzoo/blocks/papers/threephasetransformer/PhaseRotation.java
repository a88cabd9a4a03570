package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Turns consecutive pairs of channels by learned angles: channel c of N by theta + 2 pi c / N, the
 * same angles for all tokens.
 *
 * <p>State dict: {@code theta} (width / (2 phases)), at first (layer + 1) pi / (2 layers).
 */
public final class PhaseRotation extends UnaryBlock {

  private final int phases;
  private final long pairs;
  private final Parameter theta;

  /**
   * A rotation.
   *
   * @param width the size of the last axis; a multiple of twice the phases
   * @param phases the number of channels
   * @param layer the number of the layer, from 0
   * @param layers the number of layers
   */
  public PhaseRotation(int width, int phases, int layer, int layers) {
    this.phases = phases;
    pairs = width / (2L * phases);
    double first = (layer + 1) * Math.PI / (2.0 * layers);
    theta = parameter("theta", Initializers.constant(first), pairs);
  }

  /**
   * Turns.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    float[] offsets = new float[phases];
    for (int c = 0; c < phases; c++) {
      offsets[c] = (float) (c * 2 * Math.PI / phases);
    }
    NDArray angles =
        x.getManager()
            .create(offsets, new Shape(phases, 1))
            .toDevice(x.getDevice(), false)
            .toType(x.getDataType(), false)
            .add(pass.value(theta, x));
    NDArray cos = angles.cos();
    NDArray sin = angles.sin();
    NDArray split = x.reshape(shape.get(0), shape.get(1), phases, pairs, 2);
    NDArray first = split.get("..., 0");
    NDArray second = split.get("..., 1");
    NDList turned =
        new NDList(first.mul(cos).sub(second.mul(sin)), first.mul(sin).add(second.mul(cos)));
    return NDArrays.stack(turned, -1).reshape(shape);
  }
}
