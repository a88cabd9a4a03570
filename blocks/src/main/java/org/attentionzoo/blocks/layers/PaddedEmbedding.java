package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * PyTorch's {@code Embedding} with {@code padding_idx=0}: looks up rows of a table whose row 0
 * starts as zeros and never receives a gradient.
 *
 * <p>State dict: {@code weight} (size, width).
 */
public final class PaddedEmbedding extends UnaryBlock {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(PaddedEmbedding.class, "padded_embedding.torchscript");

  private final Parameter weight;

  /**
   * A table.
   *
   * @param size the number of rows, that of the padding included
   * @param width the length of a row
   * @param initializer how the other rows start
   */
  public PaddedEmbedding(long size, long width, Initializer initializer) {
    weight = parameter("weight", zeroFirst(initializer), size, width);
  }

  private static Initializer zeroFirst(Initializer rows) {
    return (manager, shape, type) -> {
      Shape others = new Shape(shape.get(0) - 1, shape.get(1));
      if (others.get(0) == 0) {
        return manager.zeros(shape, type);
      }
      try (NDArray zero = manager.zeros(new Shape(1, shape.get(1)), type);
          NDArray drawn = rows.initialize(manager, others, type)) {
        return NDArrays.concat(new NDList(zero, drawn), 0);
      }
    };
  }

  /**
   * The table.
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
   * @param ids (...) int64; 0 is padding
   * @return (..., width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray ids) {
    NDArray table = pass.value(weight, ids);
    // DJL's containers probe output shapes with floating-point zeros
    NDArray whole = ids.toType(DataType.INT64, false);
    return pass.kernels(whole) ? fast(whole, table) : plain(whole, table);
  }

  /**
   * Looks rows up for several arrays at once, so that the table gets one gradient instead of one
   * for each, which is as large as the table.
   *
   * @param pass what the pass carries
   * @param ids each (...) int64; 0 is padding
   * @return (..., width) for each
   */
  public NDList forwardAll(Pass pass, NDList ids) {
    if (!pass.kernels(ids.head())) {
      NDList rows = new NDList();
      ids.forEach(each -> rows.add(forward(pass, each)));
      return rows;
    }
    NDList whole = new NDList();
    ids.forEach(each -> whole.add(each.toType(DataType.INT64, false)));
    return fastAll(whole, pass.value(weight, ids.head()));
  }

  static NDList fastAll(NDList ids, NDArray table) {
    NDList others = new NDList(ids.subList(1, ids.size()));
    // The first array's manager gets the results; the table's would keep them for ever.
    return KERNELS.callAll("padded_embeddings", ids.head(), others, table);
  }

  static NDArray fast(NDArray ids, NDArray table) {
    return KERNELS.call("padded_embedding", ids, table);
  }

  static NDArray plain(NDArray ids, NDArray table) {
    NDArray rows =
        ai.djl.nn.core.Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
    NDArray real = ids.neq(0).toType(table.getDataType(), false).expandDims(-1);
    return Tensors.choose(real, rows, rows.stopGradient());
  }
}
