package org.attentionzoo.blocks.positions;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Rotary position embedding (Su et al. 2021, equation 34) at arbitrary positions: pairs of channels
 * are rotated by position * base^(-2i/d).
 *
 * @param layout which channels form a pair
 * @param base the base of the frequencies, 10000 in the paper
 * @param scaling slows frequencies down for contexts longer than the trained one; null for none
 */
public record Rotary(Layout layout, double base, Scaling scaling) {

  /** Checks the values. */
  public Rotary {
    Limits.positive("base", base);
  }

  /** Which channels form a pair. */
  public enum Layout {
    /** Channel i with channel i + d/2, as in Llama (GPT-NeoX). */
    HALF,
    /** Channel 2i with channel 2i + 1, as in the paper (GPT-J). */
    INTERLEAVED
  }

  /**
   * Slower rotation: a frequency that turns at most {@code low} times within {@code context} is
   * divided by {@code factor}, one that turns at least {@code high} times stays, and between them
   * the two are mixed linearly (Llama 3.1).
   *
   * @param factor what slow frequencies are divided by
   * @param low turns up to which a frequency is slow
   * @param high turns from which a frequency is fast
   * @param context the length that the model was trained for; 0 divides all frequencies
   */
  public record Scaling(double factor, double low, double high, double context) {

    /** Checks the values. */
    public Scaling {
      if (!(factor >= 1 && low > 0 && high > low && context >= 0 && Double.isFinite(factor))) {
        throw new IllegalArgumentException(
            "a scaling of rotary positions needs factor >= 1, 0 < low < high, context >= 0; got "
                + factor
                + ", "
                + low
                + ", "
                + high
                + ", "
                + context);
      }
    }

    /**
     * Divides all frequencies, as if positions were closer to each other.
     *
     * @param factor what they are divided by
     * @return the scaling
     */
    public static Scaling linear(double factor) {
      return new Scaling(factor, 1, 2, 0);
    }
  }

  /**
   * Positions without scaling.
   *
   * @param layout which channels form a pair
   * @param base the base of the frequencies
   */
  public Rotary(Layout layout, double base) {
    this(layout, base, null);
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
    boolean interleaved = layout == Layout.INTERLEAVED;
    if (scaling == null) {
      return KERNELS.call("rotate", x, positions, base, interleaved);
    }
    return KERNELS.call(
        "rotate_scaled",
        x,
        positions,
        base,
        interleaved,
        scaling.factor(),
        scaling.low(),
        scaling.high(),
        scaling.context());
  }

  NDArray plain(NDArray x, NDArray positions) {
    Shape shape = x.getShape();
    long width = shape.get(3);
    NDArray frequency = frequencies(x, width, base);
    frequency = scaling == null ? frequency : scaled(frequency);
    NDArray angle = positions.toType(DataType.FLOAT32, false).expandDims(-1).mul(frequency);
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

  /**
   * 1 / base^(2i / d), each step rounded to float32 as in the official codes: at large positions an
   * angle shows every rounding of its frequency.
   *
   * @param like the manager and the device are its own
   * @param width d, even
   * @param base of the powers
   * @return (d / 2) float32
   */
  public static NDArray frequencies(NDArray like, long width, double base) {
    return frequencies(like.getManager(), like.getDevice(), width, base);
  }

  /**
   * Those of a model's buffers.
   *
   * @param manager owns them, on its device
   * @param width d, even
   * @param base of the powers
   * @return (d / 2) float32
   */
  public static NDArray frequencies(NDManager manager, long width, double base) {
    return frequencies(manager, manager.getDevice(), width, base);
  }

  private static NDArray frequencies(NDManager manager, Device device, long width, double base) {
    NDArray channels = manager.arange(0f, width, 2f, DataType.FLOAT32, device);
    NDArray exponents = channels.div(channels.zerosLike().add(width));
    NDArray powers = channels.zerosLike().add(base).pow(exponents);
    return powers.onesLike().div(powers);
  }

  /** Llama's order of operations, for the same reason. */
  private NDArray scaled(NDArray frequency) {
    NDArray lengths = Arithmetic.times(frequency.onesLike(), 2 * Math.PI).div(frequency);
    NDArray turns = Arithmetic.times(lengths.onesLike(), scaling.context()).div(lengths);
    NDArray range = turns.zerosLike().add(scaling.high() - scaling.low());
    NDArray kept = Arithmetic.atMost(Arithmetic.atLeast(turns.sub(scaling.low()).div(range), 0), 1);
    NDArray slowed =
        Tensors.oneMinus(kept).mul(frequency).div(frequency.zerosLike().add(scaling.factor()));
    return slowed.add(kept.mul(frequency));
  }
}
