package org.attentionzoo.blocks.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * The sines and cosines by which routing heads rotate queries, keys and values.
 *
 * <p>State dict: {@code emb} (length, head width), sines before cosines: the reference's table. The
 * same values are computed anew in each pass, so that decoding may go beyond the table.
 */
final class RotaryAngles extends ZooBlock {

  private static final double BASE = 10_000;

  private final int width;

  RotaryAngles(int length, int width) {
    this.width = width;
    buffer(
        "emb",
        (manager, shape, type) -> manager.create(values(length, width), shape),
        length,
        width);
  }

  /** As PyTorch computes them, in float32. */
  static float[] frequencies(int width) {
    float[] frequencies = new float[width / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = 1 / (float) Math.pow(BASE, 2f * i / width);
    }
    return frequencies;
  }

  private static float[] values(int length, int width) {
    float[] frequencies = frequencies(width);
    float[] values = new float[length * width];
    for (int place = 0; place < length; place++) {
      for (int i = 0; i < frequencies.length; i++) {
        float angle = place * frequencies[i];
        values[place * width + i] = (float) Math.sin(angle);
        values[place * width + width / 2 + i] = (float) Math.cos(angle);
      }
    }
    return values;
  }

  /**
   * Sines and cosines of positions, those beyond the table included.
   *
   * @param positions (L) or (B, L) int64
   * @return (1 or B, 1, L, width), sines before cosines
   */
  NDArray at(NDArray like, NDArray positions) {
    NDArray turns = like.getManager().create(frequencies(width)).toDevice(like.getDevice(), false);
    NDArray angle = positions.toType(DataType.FLOAT32, false).expandDims(-1).mul(turns);
    NDArray rows = angle.sin().concat(angle.cos(), -1);
    return positions.getShape().dimension() == 1
        ? rows.expandDims(0).expandDims(0)
        : rows.expandDims(1);
  }

  /** Rotates channel 2i with channel 2i + 1. */
  static NDArray rotate(NDArray x, NDArray rows) {
    Shape shape = x.getShape();
    long half = shape.get(3) / 2;
    NDArray sin = rows.get("..., :{}", half);
    NDArray cos = rows.get("..., {}:", half);
    NDArray pairs = x.reshape(shape.get(0), shape.get(1), shape.get(2), half, 2);
    NDArray first = pairs.get("..., 0");
    NDArray second = pairs.get("..., 1");
    NDList rotated =
        new NDList(first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)));
    return NDArrays.stack(rotated, -1).reshape(shape);
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(at(inputs.head(), inputs.head()));
  }
}
