package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/** Takes rows of tokens out of their sequences, and adds them up where they came from. */
public final class TokenRows {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(TokenRows.class, "token_rows.torchscript");

  private TokenRows() {}

  /**
   * Takes rows of each head.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d)
   * @param indices (B, H, S) int64, each below L; a row may be taken more than once
   * @return (B, H, S, d)
   */
  public static NDArray gather(Pass pass, NDArray x, NDArray indices) {
    return pass.kernels(x) ? fastGather(x, indices) : plainGather(x, indices);
  }

  static NDArray fastGather(NDArray x, NDArray indices) {
    return KERNELS.call("gather", x, indices);
  }

  static NDArray plainGather(NDArray x, NDArray indices) {
    return x.gather(wide(indices, x.getShape().get(3)), 2);
  }

  /**
   * Adds rows up where they came from.
   *
   * @param pass what the pass carries
   * @param rows (B, H, S, d)
   * @param indices (B, H, S) int64, each below the length
   * @param length the number of tokens L
   * @return (B, H, L, d); zeros for a token that has no row
   */
  public static NDArray scatterSum(Pass pass, NDArray rows, NDArray indices, long length) {
    return pass.kernels(rows) ? fast(rows, indices, length) : plain(rows, indices, length);
  }

  /**
   * How many rows each token has.
   *
   * @param pass what the pass carries
   * @param indices (B, H, S) int64, each below the length
   * @param length the number of tokens L
   * @return (B, H, L, 1) float32
   */
  public static NDArray counts(Pass pass, NDArray indices, long length) {
    NDArray ones = indices.onesLike().toType(DataType.FLOAT32, false).expandDims(3);
    return scatterSum(pass, ones, indices, length);
  }

  /**
   * The sum of each token's rows, divided by their number and a little more.
   *
   * @param pass what the pass carries
   * @param rows (B, H, S, d)
   * @param indices (B, H, S) int64, each below the length
   * @param length the number of tokens L
   * @param epsilon added to the number, positive
   * @return (B, H, L, d); zeros for a token that has no row
   */
  public static NDArray scatterMean(
      Pass pass, NDArray rows, NDArray indices, long length, double epsilon) {
    NDArray counts = counts(pass, indices, length).toType(rows.getDataType(), false);
    return scatterSum(pass, rows, indices, length).div(counts.add(epsilon));
  }

  static NDArray fast(NDArray rows, NDArray indices, long length) {
    return KERNELS.call("scatter_sum", rows, indices, length);
  }

  /** Forms (B, H, S, L). */
  static NDArray plain(NDArray rows, NDArray indices, long length) {
    NDArray places =
        indices
            .getManager()
            .arange(0, (int) length, 1, DataType.INT64, indices.getDevice())
            .reshape(1, 1, 1, length);
    NDArray from = indices.expandDims(3).eq(places).toType(rows.getDataType(), false);
    return from.swapAxes(2, 3).matMul(rows);
  }

  private static NDArray wide(NDArray indices, long width) {
    Shape shape = indices.getShape();
    return indices
        .expandDims(3)
        .broadcast(new Shape(shape.get(0), shape.get(1), shape.get(2), width));
  }
}
