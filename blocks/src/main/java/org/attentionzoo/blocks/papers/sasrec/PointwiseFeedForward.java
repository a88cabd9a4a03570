package org.attentionzoo.blocks.papers.sasrec;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * SASRec's point-wise feed-forward network (Kang and McAuley 2018, equation 5): ReLU(x W1 + b1) W2
 * + b2 with an inner width of d and dropout after each layer. No residual. The PyTorch version of
 * early 2020 leaves out the ReLU.
 *
 * <p>State dict: {@code conv1}, {@code conv2}, each {@code weight} (d, d, 1) and {@code bias} (d),
 * as convolutions of kernel size 1.
 */
public final class PointwiseFeedForward extends UnaryBlock {

  private final double dropout;
  private final boolean linear;
  private final Convolution first;
  private final Convolution second;

  /**
   * A network.
   *
   * @param config hidden and dropout; norm decides the initial weights and whether there is a ReLU
   */
  public PointwiseFeedForward(SasRecConfig config) {
    dropout = config.dropout();
    linear = config.norm() == SasRecConfig.Norm.EARLY;
    first = child("conv1", new Convolution(config));
    second = child("conv2", new Convolution(config));
  }

  /**
   * Runs the network at each slot.
   *
   * @param pass what the pass carries
   * @param x (..., d)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray inner = Dropout.apply(pass, first.forward(pass, x), dropout);
    inner = linear ? inner : Activation.relu(inner);
    return Dropout.apply(pass, second.forward(pass, inner), dropout);
  }

  /** A convolution of kernel size 1: a linear layer whose weight has one more axis. */
  private static final class Convolution extends UnaryBlock {

    private final int width;
    private final Parameter weight;
    private final Parameter bias;

    Convolution(SasRecConfig config) {
      width = config.hidden();
      boolean official = config.norm() == SasRecConfig.Norm.OFFICIAL;
      Initializer weights =
          official
              ? Initializers.xavierUniform(width, width)
              : SelfAttentiveRecommender.xavierNormal(width, width);
      weight = parameter("weight", weights, width, width, 1);
      bias =
          parameter("bias", official ? Initializers.constant(0) : Initializers.fanIn(width), width);
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray w = pass.value(weight, x).reshape(width, width);
      w.attach(x.getManager());
      return Linear.project(pass, x, w, pass.value(bias, x));
    }
  }
}
