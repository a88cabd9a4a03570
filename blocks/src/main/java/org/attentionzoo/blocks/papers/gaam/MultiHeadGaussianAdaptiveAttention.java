package org.attentionzoo.blocks.papers.gaam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * Cuts an axis into as many pieces as there are heads, the last taking the rest, and applies {@link
 * GaussianAdaptiveAttention} to each.
 *
 * <p>State dict: {@code attention_heads.i}.
 */
public final class MultiHeadGaussianAdaptiveAttention extends ZooBlock {

  private final int axis;
  private final ModuleList<GaussianAdaptiveAttention> heads;

  /**
   * Attention along an axis.
   *
   * @param axis the axis; negative from the last one
   * @param heads the number of pieces
   * @param gaussians the number of Gaussians of each head
   * @param padding the value that marks padding; empty for none
   */
  public MultiHeadGaussianAdaptiveAttention(
      int axis, int heads, int gaussians, OptionalDouble padding) {
    if (heads < 1) {
      throw new IllegalArgumentException("heads must be positive; got " + heads);
    }
    this.axis = axis;
    List<GaussianAdaptiveAttention> all = new ArrayList<>();
    for (int i = 0; i < heads; i++) {
      all.add(new GaussianAdaptiveAttention(axis, gaussians, padding));
    }
    this.heads = child("attention_heads", new ModuleList<>(all));
  }

  /**
   * Weighs.
   *
   * @param pass what the pass carries
   * @param inputs of any shape that has the axis
   * @return the weighed input and the weights, both of the input's shape
   * @throws IllegalArgumentException if the axis is shorter than the number of heads
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.singletonOrThrow();
    int along = axis < 0 ? axis + x.getShape().dimension() : axis;
    long length = x.getShape().get(along);
    long piece = length / heads.size();
    if (piece == 0) {
      throw new IllegalArgumentException(
          "axis "
              + axis
              + " of "
              + x.getShape()
              + " cannot be cut for "
              + heads.size()
              + " heads; use fewer heads or longer inputs");
    }
    NDList outputs = new NDList();
    NDList weights = new NDList();
    for (int i = 0; i < heads.size(); i++) {
      long to = i < heads.size() - 1 ? (i + 1) * piece : length;
      NDIndex range = new NDIndex();
      for (int before = 0; before < along; before++) {
        range.addAllDim();
      }
      range.addSliceDim(i * piece, to);
      NDList result = heads.get(i).forward(pass, new NDList(x.get(range)));
      outputs.add(result.get(0));
      weights.add(result.get(1));
    }
    return new NDList(Tensors.concat(outputs, along), Tensors.concat(weights, along));
  }
}
