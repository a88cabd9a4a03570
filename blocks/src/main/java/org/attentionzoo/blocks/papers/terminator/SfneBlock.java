package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A slow-fast neural encoding block (Zhang 2024, section 3): networks of coordinates, the slow
 * nets, make kernels that meet the features, the fast part, by products in place of a residual
 * path. With W the global kernel and the products of maps row by column,
 *
 * <pre>
 *   c = x * W,   Z = IN(RGU(c) + RGU(x)),   o = c Z
 *   branches: o, sigmoid(o) * o, c IN(V x), c IN(h), Z, x * sigmoid(score of o), four local ones
 *   y = gelu(norm(bottleneck of all)) + b
 * </pre>
 *
 * <p>h weighs the channels of x by a kernel over channels. A local branch convolves each channel
 * with a kernel that a slow net makes from the mean of the batch. The norm standardises twelve
 * groups of channels in turn over the batch and by image. All norms take the statistics of the
 * batch in inference too, so that a result depends on the batch.
 *
 * <p>State dict, with the official names: {@code bias} (1) and {@code fast_multi_branch}.
 */
public final class SfneBlock extends ZooBlock {

  private final double dropout;
  private final FastMultiBranch branches;
  private final Parameter bias;

  /**
   * A block.
   *
   * @param config its sizes
   */
  public SfneBlock(SfneConfig config) {
    dropout = config.dropout();
    branches = child("fast_multi_branch", new FastMultiBranch(config));
    bias = parameter("bias", Initializers.constant(0), 1);
  }

  /**
   * Runs the block.
   *
   * @param pass what the pass carries
   * @param inputs (B, channels, side, side), then the outputs of earlier blocks, whose channels
   *     divide those of the first
   * @return (B, channels factor, side, side), and the global kernel (1, channels, side, side)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDList joined = branches.forward(pass, inputs);
    NDArray active = Activation.gelu(Standardize.groups(joined.get(0)));
    NDArray out = active.add(pass.value(bias, active));
    if (dropout > 0 && pass.isTraining()) {
      Shape shape = out.getShape();
      NDArray ones = out.getManager().ones(new Shape(shape.get(0), shape.get(1), 1, 1));
      out = out.mul(Dropout.apply(pass, ones, dropout));
    }
    return new NDList(out, joined.get(1));
  }
}
