package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * PyTorch's {@code ModuleList}: children named 0, 1, 2, ... that their owner calls itself.
 *
 * @param <B> the children's type
 */
public final class ModuleList<B extends Block> extends ZooBlock implements Iterable<B> {

  private final List<B> blocks = new ArrayList<>();

  /**
   * A list.
   *
   * @param blocks the children in order
   */
  public ModuleList(List<? extends B> blocks) {
    for (B block : blocks) {
      this.blocks.add(child(Integer.toString(this.blocks.size()), block));
    }
  }

  /**
   * A child.
   *
   * @param index from 0
   * @return the child
   */
  public B get(int index) {
    return blocks.get(index);
  }

  /**
   * The number of children.
   *
   * @return how many
   */
  public int size() {
    return blocks.size();
  }

  /** {@inheritDoc} */
  @Override
  public Iterator<B> iterator() {
    return Collections.unmodifiableList(blocks).iterator();
  }

  /**
   * A list does not run by itself.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    throw new UnsupportedOperationException("a ModuleList is run by its owner");
  }
}
