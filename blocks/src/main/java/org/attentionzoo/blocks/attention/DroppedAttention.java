package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.BooleanSupplier;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.ProductLibrary;
import org.attentionzoo.blocks.layers.Dropout;

/**
 * Causal attention with dropout by the kernel and by NDArray operations, on inputs q, k, v, bias
 * and mask.
 *
 * @param masked whether the mask is used
 * @param biased whether the bias is used
 * @param oneDnn whether the kernel takes oneDNN's convolutions to be faster than MKL's products
 * @param uniform whether the kernel takes uniform random numbers to be faster than MKL's
 */
record DroppedAttention(
    boolean masked, boolean biased, BooleanSupplier oneDnn, BooleanSupplier uniform) {

  private static final double SCALE = 0.4;
  private static final double RATE = 0.3;
  private static final long DRAWS = 7;

  DroppedAttention(boolean masked, boolean biased) {
    this(masked, biased, ProductLibrary::isOneDnnFaster, Dropout::isUniformFaster);
  }

  NDList fast(NDList in) {
    return new NDList(kernel(in, in.get(2)));
  }

  /** Drops what the kernel drops. */
  NDList plain(NDList in) {
    NDArray kept = dropped(in).neq(0).toType(in.get(0).getDataType(), false);
    return new NDList(pattern(in).mul(Arithmetic.times(kept, 1 / (1 - RATE))).matMul(in.get(2)));
  }

  /** Draws for itself. */
  NDList independent(NDList in) {
    NDArray kept =
        ai.djl.nn.norm.Dropout.dropout(pattern(in), (float) RATE, true).singletonOrThrow();
    return new NDList(kept.matMul(in.get(2)));
  }

  /** The kernel's pattern after dropout: what it makes of values that are a one for each key. */
  private NDArray dropped(NDList in) {
    Shape shape = in.get(1).getShape();
    long keys = shape.get(2);
    NDArray ones =
        in.get(0)
            .getManager()
            .eye((int) keys)
            .toType(in.get(0).getDataType(), false)
            .reshape(1, 1, keys, keys)
            .broadcast(new Shape(shape.get(0), shape.get(1), keys, keys));
    return kernel(in, ones);
  }

  private NDArray kernel(NDList in, NDArray values) {
    JniUtils.setSeed(DRAWS);
    return DotProductAttention.dropped(
        in.get(0),
        in.get(1),
        values,
        mask(in),
        bias(in),
        true,
        SCALE,
        RATE,
        oneDnn.getAsBoolean(),
        uniform.getAsBoolean());
  }

  private NDArray pattern(NDList in) {
    return DotProductAttention.pattern(in.get(0), in.get(1), mask(in), bias(in), true, SCALE);
  }

  /** In the checks the second sequence's first key is hidden: its first query sees none. */
  private NDArray mask(NDList in) {
    return masked ? in.get(4) : null;
  }

  private NDArray bias(NDList in) {
    return biased ? in.get(3) : null;
  }
}
