package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * PyTorch's {@code Embedding}: looks up rows of a table.
 *
 * <p>State dict: {@code weight} (size, width). Initialised as in PyTorch, standard normal, unless
 * said otherwise.
 */
public final class Embedding extends UnaryBlock {

  private final Parameter weight;

  /**
   * A table that starts as in PyTorch.
   *
   * @param size the number of rows
   * @param width the length of a row
   */
  public Embedding(long size, long width) {
    this(size, width, Initializers.normal(1));
  }

  /**
   * A table.
   *
   * @param size the number of rows
   * @param width the length of a row
   * @param initializer how it starts
   */
  public Embedding(long size, long width, Initializer initializer) {
    weight = parameter("weight", initializer, size, width);
  }

  /**
   * The table, for an output layer that is tied to it.
   *
   * @return the (size, width) parameter
   */
  public Parameter weight() {
    return weight;
  }

  /**
   * Looks rows up.
   *
   * @param pass what the pass carries
   * @param ids (...) int64
   * @return (..., width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray ids) {
    return ai.djl.nn.core.Embedding.embedding(ids, pass.value(weight, ids), SparseFormat.DENSE)
        .singletonOrThrow();
  }
}
