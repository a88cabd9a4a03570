package org.attentionzoo.blocks.papers.gaam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * Layers of Gaussian adaptive attention, each with a residual connection and an axis of its own.
 *
 * <p>State dict: {@code layers.i.attention_heads.j}.
 */
public final class GaussianBlock extends ZooBlock {

  private final ModuleList<MultiHeadGaussianAdaptiveAttention> layers;

  /**
   * A layer.
   *
   * @param axis the axis along which places are weighed; negative from the last one
   * @param heads the number of pieces of the axis
   * @param gaussians the number of Gaussians of each head
   */
  public record Layer(int axis, int heads, int gaussians) {}

  /**
   * Layers.
   *
   * @param layers one after the other
   * @param padding the value that marks padding; empty for none
   */
  public GaussianBlock(List<Layer> layers, OptionalDouble padding) {
    List<MultiHeadGaussianAdaptiveAttention> all = new ArrayList<>();
    for (Layer layer : layers) {
      all.add(
          new MultiHeadGaussianAdaptiveAttention(
              layer.axis(), layer.heads(), layer.gaussians(), padding));
    }
    this.layers = child("layers", new ModuleList<>(all));
  }

  /**
   * Weighs.
   *
   * @param pass what the pass carries
   * @param inputs of any shape that has the axes
   * @return the result, then the weights of each layer, all of the input's shape
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.singletonOrThrow();
    NDList results = new NDList();
    for (MultiHeadGaussianAdaptiveAttention layer : layers) {
      NDList result = layer.forward(pass, new NDList(x));
      x = result.get(0).add(x);
      results.add(result.get(1));
    }
    results.add(0, x);
    return results;
  }
}
