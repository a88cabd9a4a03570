package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * An attention map whose rows have a fixed number of columns K, however many keys they stand for
 * (Lee et al. 2023, SEA, section 3.2): a row that stands for n keys is stretched to n, so that key
 * j reads column floor((j + 1/2) K / n - 1e-4). The largest cells of a map say which pairs of a
 * query and a key attend to each other.
 *
 * <p>Stateless.
 */
public final class CompressedMap {

  /** Before columns are rounded down, as the official code has it. */
  private static final double SHIFT = 1e-4;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(CompressedMap.class, "pairs.torchscript");

  private CompressedMap() {}

  /**
   * The column that each key of a row reads.
   *
   * @param index (..., keys) float, the key's place among those that its sequence has, from 0
   * @param counts (..., rows, 1) float, how many keys the row stands for, at least 1
   * @param seen boolean, broadcastable to (..., rows, keys); null if all below the count are
   * @param width K
   * @return (..., rows, keys) int64, K where the row does not stand for the key
   */
  public static NDArray columns(NDArray index, NDArray counts, NDArray seen, int width) {
    NDArray column =
        Arithmetic.times(index.add(0.5f).div(counts), width).sub((float) SHIFT).floor();
    NDArray live = index.lt(counts);
    if (seen != null) {
      live = live.logicalAnd(seen);
    }
    NDArray mask = live.toType(DataType.INT64, false);
    NDArray bounded =
        Arithmetic.atMost(Arithmetic.atLeast(column, 0), width - 1).toType(DataType.INT64, false);
    return bounded.sub(width).mul(mask).add(width).toType(DataType.INT64, false);
  }

  /**
   * Stretches the rows of a map over their keys.
   *
   * @param map (B, H, rows, K)
   * @param columns (B or 1, 1, rows, keys) int64, as {@link #columns} gives them
   * @param fill the value of keys that a row does not stand for
   * @return (B, H, rows, keys)
   */
  public static NDArray stretch(NDArray map, NDArray columns, double fill) {
    Shape shape = map.getShape();
    NDArray edge =
        map.getManager()
            .full(
                new Shape(shape.get(0), shape.get(1), shape.get(2), 1),
                (float) fill,
                map.getDataType());
    NDArray index =
        columns.broadcast(
            new Shape(shape.get(0), shape.get(1), shape.get(2), columns.getShape().get(3)));
    return map.concat(edge, 3).gather(index, 3);
  }

  /**
   * Marks the largest cells of each row; of equal ones the first.
   *
   * @param pass what the pass carries
   * @param scores (..., C)
   * @param counts (..., 1), broadcastable: how many cells are marked; all of them if C or more
   * @return (..., C) boolean, without gradient
   */
  public static NDArray top(Pass pass, NDArray scores, NDArray counts) {
    return pass.kernels(scores)
        ? KERNELS.call("top", scores.stopGradient(), counts.stopGradient())
        : topPlain(scores, counts);
  }

  static NDArray topFast(NDArray scores, NDArray counts) {
    return KERNELS.call("top", scores, counts);
  }

  static NDArray topPlain(NDArray scores, NDArray counts) {
    return StableOrder.ranks(scores).toType(counts.getDataType(), false).lt(counts);
  }

  /**
   * Lists the pairs that the marked cells of a map stand for, without forming the stretched map.
   * The number of pairs is found on the way, so that a GPU is waited for.
   *
   * @param selected (B, H, rows, K) boolean
   * @param counts (1 or B, 1 or rows) float, how many keys a row stands for, at least 1
   * @param order (B, keys) int64, which key is the first, second, ... of its sequence; null if the
   *     keys are in order from the front
   * @param keys the number of keys
   * @return int64 rows and keys of the pairs, each (pairs), as {@link PairAttention} takes them;
   *     sorted by row
   */
  public static NDList pairs(NDArray selected, NDArray counts, NDArray order, long keys) {
    return pairs(selected, counts, order, keys, 1, 1);
  }

  /**
   * The same, where more cells were marked than keys are wanted and only some of the keys of each
   * are taken, evenly: the official code's {@code k_oversample}.
   *
   * @param selected (B, H, rows, K) boolean
   * @param counts (1 or B, 1 or rows) float, how many keys a row stands for, at least 1
   * @param order (B, keys) int64, or null, as above
   * @param keys the number of keys
   * @param oversample by what factor more cells were marked, at least 1
   * @param kept the number of keys that a row is to attend to
   * @return int64 rows and keys of the pairs, each (pairs)
   */
  public static NDList pairs(
      NDArray selected, NDArray counts, NDArray order, long keys, double oversample, double kept) {
    return KERNELS.callAll(
        "pairs",
        selected,
        counts,
        order,
        keys,
        oversample,
        kept,
        Math.rint(kept),
        Math.rint(kept * oversample));
  }

  /**
   * Which keys of a row are taken where more cells were marked than keys are wanted.
   *
   * @param place (keys) float, 0, 1, 2, ...
   * @param counts (..., rows, 1) float, how many keys a row stands for
   * @param oversample by what factor more cells were marked, above 1
   * @param kept the number of keys that a row is to attend to
   * @return (..., rows, keys) boolean
   */
  public static NDArray thinned(NDArray place, NDArray counts, double oversample, double kept) {
    NDArray wanted = Arithmetic.atLeast(counts.div(number(counts, oversample)).round(), 1);
    NDArray at = place.add(1).div(counts).mul(wanted);
    NDArray most =
        Arithmetic.atMost(Arithmetic.atLeast(counts, Math.rint(kept)), Math.rint(kept * oversample))
            .div(number(counts, kept));
    NDArray bound = most.onesLike().div(Arithmetic.times(most, 2)).add((float) SHIFT);
    return at.sub(at.round()).abs().lte(bound);
  }

  /** Divided by, not multiplied with its inverse, since halves are rounded. */
  private static NDArray number(NDArray like, double value) {
    return like.getManager().full(new Shape(), (float) value, like.getDataType());
  }
}
