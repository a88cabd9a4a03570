package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A learned bias for each head and distance, either each distance up to a reach on its own or in
 * buckets that widen with the logarithm of the distance (T5, Raffel et al. 2020, section 2.1).
 *
 * <p>State dict: {@code relative_attention_bias.weight} (rows, heads).
 */
public final class TableBias implements AttentionBias {

  private final Embedding table;
  private final Rows rows;

  /** Which row of the table a distance means. */
  private interface Rows {
    /**
     * Finds rows.
     *
     * @param before float, how far a key lies before the query
     * @return float, of the same shape
     */
    NDArray of(NDArray before);
  }

  private TableBias(int count, int heads, Rows rows) {
    this.rows = rows;
    table = new Embedding(count, heads, Initializers.normal(0.02));
  }

  /**
   * A bias for each distance.
   *
   * @param heads the number of heads
   * @param reach the largest distance that has its own row; farther keys share it
   * @return the bias; row reach + d belongs to keys d behind the query, row reach - d to those
   *     before it
   */
  public static TableBias ofDistances(int heads, int reach) {
    if (reach < 0) {
      throw new IllegalArgumentException("reach must not be negative; got " + reach);
    }
    return new TableBias(
        2 * reach + 1,
        heads,
        before -> Arithmetic.atMost(Arithmetic.atLeast(before.neg(), -reach), reach).add(reach));
  }

  /**
   * A bias for each bucket of distances, as in T5.
   *
   * @param heads the number of heads
   * @param buckets the number of rows; of a bidirectional table half are for keys after the query
   * @param farthest the distance from which all keys share the last bucket
   * @param bidirectional whether keys after the query have buckets of their own
   * @return the bias
   */
  public static TableBias ofBuckets(int heads, int buckets, int farthest, boolean bidirectional) {
    int side = bidirectional ? buckets / 2 : buckets;
    if (side < 2 || farthest <= side / 2) {
      throw new IllegalArgumentException(
          "buckets must be at least "
              + (bidirectional ? 4 : 2)
              + " and farthest more than half of those of a side; got "
              + buckets
              + " and "
              + farthest);
    }
    return new TableBias(buckets, heads, before -> bucket(before, side, farthest, bidirectional));
  }

  private static NDArray bucket(NDArray before, int side, int farthest, boolean bidirectional) {
    int exact = side / 2;
    NDArray distance = bidirectional ? before.abs() : Arithmetic.atLeast(before, 0);
    double slope = (side - exact) / Math.log((double) farthest / exact);
    NDArray steps =
        Arithmetic.times(
            Arithmetic.times(Arithmetic.atLeast(distance, exact), 1.0 / exact).log(), slope);
    // What lies exactly on a bucket's edge must not fall below it by rounding.
    NDArray far = Arithmetic.atMost(steps.add(1e-6).floor().add(exact), side - 1);
    NDArray near = distance.lt(exact).toType(DataType.FLOAT32, false);
    NDArray row = distance.mul(near).add(far.mul(near.neg().add(1)));
    return bidirectional
        ? row.add(Arithmetic.times(before.lt(0).toType(DataType.FLOAT32, false), side))
        : row;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray bias(
      Pass pass,
      NDArray queries,
      NDArray keys,
      NDArray positions,
      NDArray keyPositions,
      double scale) {
    NDArray before =
        AttentionBias.distance(positions, keyPositions).toType(DataType.FLOAT32, false);
    NDArray looked = table.forward(pass, rows.of(before).toType(DataType.INT64, false));
    return looked.getShape().dimension() == 3
        ? looked.transpose(2, 0, 1).expandDims(0)
        : looked.squeeze(1).transpose(0, 3, 1, 2);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Block> parameterBlocks() {
    return Map.of("relative_attention_bias", table);
  }
}
