package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Hedgehog's feature map as in flash-linear-attention: one softmax over 2z and -2z together, where
 * z is a projection that all heads share and that starts as the identity.
 *
 * <p>State dict: {@code layer.weight} (width, width), {@code layer.bias} (width).
 */
public final class JointFeatures extends UnaryBlock {

  private final Linear layer;

  /**
   * A map.
   *
   * @param headWidth the size of a query or key
   */
  public JointFeatures(int headWidth) {
    layer =
        child(
            "layer",
            new Linear(
                headWidth,
                headWidth,
                (manager, shape, type) -> manager.eye((int) shape.get(0)).toType(type, false),
                Initializers.constant(0)));
  }

  /**
   * Maps queries or keys.
   *
   * @param pass what the pass carries
   * @param x (..., width)
   * @return (..., 2 width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    int last = shape.dimension() - 1;
    NDArray z = Arithmetic.times(layer.forward(pass, x), 2);
    return Tensors.concat(new NDList(z, z.neg()), last).softmax(last);
  }
}
