package org.attentionzoo.blocks.positions;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Rotary position embedding (Su et al. 2021, equation 34) at arbitrary positions: pairs of channels
 * are rotated by position * base^(-2i/d).
 *
 * @param layout which channels form a pair
 * @param base the base of the frequencies, 10000 in the paper
 */
public record Rotary(Layout layout, double base) {

  /** Which channels form a pair. */
  public enum Layout {
    /** Channel i with channel i + d/2, as in Llama (GPT-NeoX). */
    HALF,
    /** Channel 2i with channel 2i + 1, as in the paper (GPT-J). */
    INTERLEAVED
  }

  private static final KernelLibrary KERNELS = KernelLibrary.of(Rotary.class, "rotary.torchscript");

  /**
   * Rotates queries or keys.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d), d even
   * @param positions (L) or (B, L), int64 or float
   * @return the same shape as x
   */
  public NDArray rotate(Pass pass, NDArray x, NDArray positions) {
    return pass.kernels(x) ? fast(x, positions) : plain(x, positions);
  }

  NDArray fast(NDArray x, NDArray positions) {
    return KERNELS.call("rotate", x, positions, base, layout == Layout.INTERLEAVED);
  }

  NDArray plain(NDArray x, NDArray positions) {
    NDManager manager = x.getManager();
    Shape shape = x.getShape();
    long width = shape.get(3);
    NDArray exponent =
        Arithmetic.times(
            manager.arange(0f, width, 2f, DataType.FLOAT32, x.getDevice()),
            -Math.log(base) / width);
    NDArray angle = positions.toType(DataType.FLOAT32, false).expandDims(-1).mul(exponent.exp());
    if (angle.getShape().dimension() == 3) {
      angle = angle.expandDims(1);
    }
    NDArray cos = angle.cos().toType(x.getDataType(), false);
    NDArray sin = angle.sin().toType(x.getDataType(), false);
    if (layout == Layout.HALF) {
      NDArray first = x.get("..., :{}", width / 2);
      NDArray second = x.get("..., {}:", width / 2);
      return first.mul(cos).sub(second.mul(sin)).concat(second.mul(cos).add(first.mul(sin)), -1);
    }
    NDArray pairs = x.reshape(shape.get(0), shape.get(1), shape.get(2), width / 2, 2);
    NDArray first = pairs.get("..., 0");
    NDArray second = pairs.get("..., 1");
    NDList rotated =
        new NDList(first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)));
    return NDArrays.stack(rotated, -1).reshape(shape);
  }
}
