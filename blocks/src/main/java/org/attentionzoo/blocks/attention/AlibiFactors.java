package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.positions.Alibi;

/**
 * Linear biases of causal attention in rank 2: -slope (i - j) = slope [-i, 1] . [1, j].
 *
 * @param slopes a slope for each head
 */
public record AlibiFactors(float... slopes) implements FactoredBias {

  /**
   * The slopes of Press et al. 2021.
   *
   * @param heads the number of heads
   * @return the bias
   */
  public static AlibiFactors of(int heads) {
    return new AlibiFactors(Alibi.slopes(heads));
  }

  /** {@inheritDoc} */
  @Override
  public Factors factors(
      Pass pass, NDArray queries, NDArray keys, NDArray positions, NDArray keyPositions) {
    NDManager manager = queries.getManager();
    NDArray column = column(positions);
    NDArray slope =
        manager
            .create(slopes, new Shape(1, slopes.length, 1, 1))
            .toDevice(queries.getDevice(), false);
    NDArray keyColumn = column(keyPositions);
    return new Factors(
        column.neg().concat(column.onesLike(), -1).mul(slope),
        keyColumn.onesLike().concat(keyColumn, -1));
  }

  /** (1 or B, 1, L, 1). */
  private static NDArray column(NDArray positions) {
    NDArray column = positions.toType(DataType.FLOAT32, false).expandDims(-1);
    return column.getShape().dimension() == 2
        ? column.expandDims(0).expandDims(0)
        : column.expandDims(1);
  }
}
