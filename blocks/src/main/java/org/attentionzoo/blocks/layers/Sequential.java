package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/** PyTorch's {@code Sequential}: children named 0, 1, 2, ..., each fed by the one before. */
public final class Sequential extends UnaryBlock {

  private final List<UnaryBlock> blocks = new ArrayList<>();

  /**
   * A chain.
   *
   * @param blocks the children in order
   */
  public Sequential(List<? extends UnaryBlock> blocks) {
    for (UnaryBlock block : blocks) {
      this.blocks.add(child(Integer.toString(this.blocks.size()), block));
    }
  }

  /**
   * A chain.
   *
   * @param blocks the children in order
   */
  public Sequential(UnaryBlock... blocks) {
    this(List.of(blocks));
  }

  /**
   * Runs the children one after another.
   *
   * @param pass what the pass carries
   * @param x what the first child takes
   * @return what the last child gives; x if there are none
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray result = x;
    for (UnaryBlock block : blocks) {
      result = block.forward(pass, result);
    }
    return result;
  }
}
