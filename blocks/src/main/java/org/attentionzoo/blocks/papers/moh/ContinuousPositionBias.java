package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The bias of attention logits by relative position on a grid (Shi 2024, section 3.3, after Liu et
 * al. 2022): W2 relu(W1 p + b1) + b2, p being both coordinates sign(8 x) log2(|8 x| + 1) / 3 of the
 * query less the key, x = 1 across the grid. Keys stand in the middle of cells of the grid.
 */
final class ContinuousPositionBias {

  static final int WIDTH = 512;

  private ContinuousPositionBias() {}

  /**
   * The bias; the network runs once for each relative position that occurs.
   *
   * @param pass what the pass carries
   * @param hidden W1, (512, 2), and b1
   * @param output W2, (heads, 512), and b2
   * @param like an activation on the wanted device, of the wanted type
   * @param height the rows of the grid
   * @param width its columns
   * @param cell the side of a cell of keys; divides both
   * @return (1, heads, height width, height width / cell / cell)
   */
  static NDArray of(
      Pass pass, Linear hidden, Linear output, NDArray like, int height, int width, int cell) {
    NDArray down = coordinates(like, height, cell);
    NDArray right = coordinates(like, width, cell);
    long rows = down.size();
    long columns = right.size();
    Shape all = new Shape(rows, columns, 1);
    NDArray positions =
        down.reshape(rows, 1, 1)
            .broadcast(all)
            .concat(right.reshape(1, columns, 1).broadcast(all), -1)
            .reshape(-1, 2);
    NDArray table = output.forward(pass, Activation.relu(hidden.forward(pass, positions)));
    NDArray row = differences(like, height, cell).reshape(height, 1, height / cell, 1);
    NDArray column = differences(like, width, cell).reshape(1, width, 1, width / cell);
    NDArray index = Arithmetic.times(row, columns).add(column).reshape(-1);
    long queries = (long) height * width;
    return table.get(index).reshape(1, queries, queries / cell / cell, -1).transpose(0, 3, 1, 2);
  }

  /** The network's coordinate of each relative position along one side, from the smallest on. */
  private static NDArray coordinates(NDArray like, int side, int cell) {
    NDManager manager = like.getManager();
    double middle = (cell - 1) / 2.0;
    NDArray x = manager.arange(cell - side, side, 1, DataType.FLOAT32, like.getDevice());
    x = Arithmetic.times(x.sub(middle), 8.0 / Math.max(1, side - 1));
    NDArray size = Arithmetic.times(x.abs().add(1).log(), 1 / Math.log(8));
    return x.sign().mul(size).toType(like.getDataType(), false);
  }

  /** (side, side / cell) int64: which of {@link #coordinates} a query and a key have. */
  private static NDArray differences(NDArray like, int side, int cell) {
    NDManager manager = like.getManager();
    NDArray query = manager.arange(0, side, 1, DataType.INT64, like.getDevice());
    NDArray key = manager.arange(0, side, cell, DataType.INT64, like.getDevice());
    return query.reshape(side, 1).sub(key.reshape(1, side / cell)).add(side - cell);
  }
}
