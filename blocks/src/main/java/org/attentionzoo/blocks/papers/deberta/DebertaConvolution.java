package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * The convolution of version 2: LayerNorm(first layer's output + activation(conv(embeddings))),
 * zero where padded. It reads the embeddings, not the first layer's output.
 *
 * <p>State dict: {@code conv.weight} (D, D / groups, K), {@code conv.bias}, {@code LayerNorm}.
 */
public final class DebertaConvolution extends ZooBlock {

  private final DebertaConfig config;
  private final Weights conv;
  private final LayerNorm norm;

  /** PyTorch's Conv1d with padding that keeps the length. */
  private static final class Weights extends ZooBlock {
    final Parameter weight;
    final Parameter bias;
    final int kernel;
    final int groups;

    Weights(int width, int kernel, int groups) {
      this.kernel = kernel;
      this.groups = groups;
      long fanIn = (long) width / groups * kernel;
      weight = parameter("weight", Initializers.fanIn(fanIn), width, width / groups, kernel);
      bias = parameter("bias", Initializers.fanIn(fanIn), width);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = inputs.head().swapAxes(1, 2);
      NDArray y =
          Conv1d.conv1d(
                  x,
                  pass.value(weight, x),
                  pass.value(bias, x),
                  new Shape(1),
                  new Shape((kernel - 1) / 2),
                  new Shape(1),
                  groups)
              .singletonOrThrow();
      return new NDList(y.swapAxes(1, 2));
    }
  }

  /**
   * A convolution.
   *
   * @param config its sizes and switches
   */
  public DebertaConvolution(DebertaConfig config) {
    this.config = config;
    conv =
        child(
            "conv",
            new Weights(config.width(), config.convolutionKernel(), config.convolutionGroups()));
    norm = child("LayerNorm", new LayerNorm(config.width(), config.layerNormEpsilon()));
  }

  /**
   * Adds neighbours' content.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, D) embeddings, (B, L, D) the first layer's output, and optionally (B, L)
   *     boolean, false where padded
   * @return (B, L, D)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 2 ? inputs.get(2) : null;
    NDArray seen =
        DebertaEmbeddings.masked(conv.forward(pass, new NDList(inputs.get(0))).head(), valid);
    NDArray active =
        config.convolutionActivation().apply(Dropout.apply(pass, seen, config.dropout()));
    NDArray normal = norm.forward(pass, inputs.get(1).add(active));
    return new NDList(DebertaEmbeddings.masked(normal, valid));
  }
}
