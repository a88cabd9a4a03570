package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The gated position-wise network of BASED: fc2(y * silu(g)), where y and g are the halves of
 * fc1(x).
 *
 * <p>State dict: {@code fc1}, {@code fc2}.
 */
public final class GatedMlp extends UnaryBlock {

  private final Linear up;
  private final Linear down;

  /**
   * A network.
   *
   * @param width the size of the last axis of input and output
   * @param hidden the size between
   * @param biases whether fc1 has a bias, then fc2
   * @param outputs how fc2 starts
   */
  public GatedMlp(int width, int hidden, boolean[] biases, Initializer outputs) {
    Initializer zero = Initializers.constant(0);
    up =
        child(
            "fc1",
            new Linear(width, 2L * hidden, Initializers.normal(0.02), biases[0] ? zero : null));
    down = child("fc2", new Linear(hidden, width, outputs, biases[1] ? zero : null));
  }

  /**
   * Transforms each position.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDList halves = up.forward(pass, x).split(2, x.getShape().dimension() - 1);
    return down.forward(pass, halves.get(0).mul(Arithmetic.silu(halves.get(1))));
  }
}
