package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Relative positions as in Transformer-XL (Dai et al. 2019, section 3.3), with learned tables: the
 * score of key j for query i becomes q_i . (k_j + E_r) + u . k_j + b_r with r = j - i, one row of
 * the tables for each r from -P to P - 1; what is farther has the outermost rows.
 */
public final class RelativePositionBias {

  private RelativePositionBias() {}

  /**
   * All terms but q_i . k_j.
   *
   * @param queries (B, H, Lq, d)
   * @param keys (B, H, Lk, d)
   * @param embeddings (2 P, H, d) the table E, P being the row of distance 0
   * @param biases (2 P, H) the table b
   * @param queryBias (H, d) u
   * @param positions (Lq) or (B, Lq) int64. Of a one-axis array, the queries are the last of the
   *     keys and all follow one another
   * @param keyPositions (Lk) or (B, Lk) int64
   * @param scale multiplies all terms
   * @return (B, H, Lq, Lk)
   */
  public static NDArray bias(
      NDArray queries,
      NDArray keys,
      NDArray embeddings,
      NDArray biases,
      NDArray queryBias,
      NDArray positions,
      NDArray keyPositions,
      double scale) {
    NDManager manager = queries.getManager();
    Shape shape = queries.getShape();
    long heads = shape.get(1);
    long rows = shape.get(2);
    long columns = keys.getShape().get(2);
    long width = shape.get(3);
    long reach = embeddings.getShape().get(0) / 2;
    NDArray distances =
        manager.arange((int) -columns, (int) rows, 1, DataType.INT64, queries.getDevice());
    NDArray inside = Arithmetic.atMost(Arithmetic.atLeast(distances, -reach), reach - 1).add(reach);
    NDArray index = inside.toType(DataType.INT64, false);
    // (H, d, Lk + Lq), (H, 1, Lk + Lq)
    NDArray places = rows(index, embeddings, heads * width).reshape(-1, heads, width);
    NDArray offsets = rows(index, biases, heads).transpose(1, 0).expandDims(1);
    NDArray all = queries.matMul(places.transpose(1, 2, 0)).add(offsets);
    NDArray content =
        keys.mul(row(queryBias, manager, heads, width)).sum(new int[] {-1}).expandDims(2);
    NDArray relative =
        positions.getShape().dimension() == 1 && keyPositions.getShape().dimension() == 1
            ? shifted(all, rows, columns)
            : gathered(all, positions, keyPositions);
    return Arithmetic.times(relative.add(content), scale);
  }

  private static NDArray rows(NDArray index, NDArray table, long width) {
    NDArray flat = table.reshape(table.getShape().get(0), width);
    // What is made from a parameter would live as long as the parameter.
    flat.attach(index.getManager());
    return Embedding.embedding(index, flat, SparseFormat.DENSE).singletonOrThrow();
  }

  private static NDArray row(NDArray queryBias, NDManager manager, long heads, long width) {
    NDArray row = queryBias.reshape(1, heads, 1, width);
    row.attach(manager);
    return row;
  }

  /** Column Lk + r of row i to column i + r + Lk - Lq, by cutting the rows one element shorter. */
  private static NDArray shifted(NDArray all, long rows, long columns) {
    Shape shape = all.getShape();
    long width = rows + columns;
    return all.reshape(shape.get(0), shape.get(1), rows * width)
        .get(":, :, {}:", rows)
        .reshape(shape.get(0), shape.get(1), rows, width - 1)
        .get("..., :{}", columns);
  }

  private static NDArray gathered(NDArray all, NDArray positions, NDArray keyPositions) {
    Shape shape = all.getShape();
    long columns = keyPositions.getShape().get(keyPositions.getShape().dimension() - 1);
    NDArray before = AttentionBias.distance(positions, keyPositions);
    NDArray column = before.neg().add(columns);
    NDArray inside = Arithmetic.atMost(Arithmetic.atLeast(column, 0), shape.get(3) - 1);
    NDArray index =
        inside
            .toType(DataType.INT64, false)
            .broadcast(new Shape(shape.get(0), shape.get(1), shape.get(2), columns));
    return all.gather(index, 3);
  }
}
