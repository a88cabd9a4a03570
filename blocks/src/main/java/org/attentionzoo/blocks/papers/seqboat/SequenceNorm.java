package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The norm of a SeqBoat layer: (B, L, D) to (B, L, D), each token over its channels, or each
 * channel over batch and length (padding included, as in the authors' code). State dict: {@code
 * norm.weight} and {@code norm.bias} if affine; of batch norm {@code norm.running_mean}, {@code
 * norm.running_var}, {@code norm.num_batches_tracked}.
 */
final class SequenceNorm extends UnaryBlock {

  private static final float EPSILON = 1e-5f;
  private static final float KEPT = 0.9f;

  private final Values values;

  SequenceNorm(SeqBoatConfig.Norm norm, int width, boolean affine) {
    values = child("norm", new Values(norm == SeqBoatConfig.Norm.BATCHNORM, width, affine));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    return values.normalize(pass, x);
  }

  private static final class Values extends ZooBlock {

    private final boolean batch;
    private final int width;
    private final Parameter weight;
    private final Parameter bias;
    private final Parameter mean;
    private final Parameter variance;

    Values(boolean batch, int width, boolean affine) {
      this.batch = batch;
      this.width = width;
      weight = affine ? parameter("weight", Initializers.constant(1), width) : null;
      bias = affine ? parameter("bias", Initializers.constant(0), width) : null;
      mean = batch ? buffer("running_mean", Initializers.constant(0), width) : null;
      variance = batch ? buffer("running_var", Initializers.constant(1), width) : null;
      if (batch) {
        buffer("num_batches_tracked", Initializers.zeros(DataType.INT64));
      }
    }

    NDArray normalize(Pass pass, NDArray x) {
      NDArray scale =
          weight == null ? x.getManager().ones(new Shape(width)) : pass.value(weight, x);
      NDArray shift = bias == null ? x.getManager().zeros(new Shape(width)) : pass.value(bias, x);
      if (!batch) {
        return ai.djl.nn.norm.LayerNorm.layerNorm(x, new Shape(width), scale, shift, EPSILON)
            .singletonOrThrow();
      }
      NDArray flat = x.reshape(-1, width);
      return ai.djl.nn.norm.BatchNorm.batchNorm(
              flat,
              pass.statistic(mean, x),
              pass.statistic(variance, x),
              scale,
              shift,
              1,
              KEPT,
              EPSILON,
              pass.isTraining())
          .singletonOrThrow()
          .reshape(x.getShape());
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(normalize(pass, inputs.head()));
    }
  }
}
