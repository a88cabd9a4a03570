package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * One vector for a span of tokens, of one length for all or of any: the mean, the greatest or the
 * sum of theirs, channel by channel.
 */
public enum SpanPooling {
  /** The mean of the tokens that exist. */
  MEAN,
  /** In each channel the greatest. */
  MAX,
  /** The sum. */
  SUM;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(SpanPooling.class, "spans.torchscript");

  /** Takes the place of tokens that do not exist where the greatest is looked for. */
  private static final double LOWEST = -1e30;

  /**
   * Pools along an axis.
   *
   * @param x any shape
   * @param axis the axis of the tokens
   * @return x without the axis
   */
  public NDArray pool(NDArray x, int axis) {
    int[] axes = {axis};
    return switch (this) {
      case MEAN -> x.mean(axes);
      case MAX -> x.max(axes);
      case SUM -> x.sum(axes);
    };
  }

  /**
   * Pools the tokens that exist along an axis.
   *
   * @param x any shape
   * @param exists boolean, broadcastable to x, of as many axes, with 1 along the channels
   * @param axis the axis of the tokens
   * @return x without the axis; zeros where no token exists
   */
  public NDArray pool(NDArray x, NDArray exists, int axis) {
    int[] axes = {axis};
    NDArray live = exists.toType(x.getDataType(), false);
    NDArray kept = x.mul(live);
    if (this == SUM) {
      return kept.sum(axes);
    }
    NDArray count = live.sum(axes);
    if (this == MEAN) {
      return kept.sum(axes).div(Arithmetic.atLeast(count, 1));
    }
    NDArray lowered = kept.add(Arithmetic.times(Tensors.oneMinus(live), LOWEST));
    return lowered.max(axes).mul(Arithmetic.atMost(count, 1));
  }

  /**
   * Pools spans of any lengths.
   *
   * @param x (B, L, d)
   * @param borders (B, C + 1) int64, each not smaller than the one before, the first 0 and the last
   *     L: span c holds the tokens from borders c up to, but not including, borders c + 1
   * @return (B, C, d); zeros for a span without tokens
   */
  public NDArray overSpans(NDArray x, NDArray borders) {
    long spans = borders.getShape().get(1) - 1;
    NDArray from = borders.get(":, :{}", spans);
    NDArray to = borders.get(":, 1:");
    NDArray lengths = to.sub(from).expandDims(2); // (B, C, 1)
    if (this == MAX) {
      return greatest(x, from, lengths);
    }
    NDArray zero = x.getManager().zeros(new Shape(x.getShape().get(0), 1, x.getShape().get(2)));
    NDArray prefix = zero.toType(x.getDataType(), false).concat(x.cumSum(1), 1);
    NDArray sums = rows(prefix, to).sub(rows(prefix, from));
    return this == SUM
        ? sums
        : sums.div(Arithmetic.atLeast(lengths.toType(x.getDataType(), false), 1));
  }

  /**
   * The lengths of spans.
   *
   * @param borders (B, C + 1) int64, as for {@link #overSpans}
   * @return (B, C) int64
   */
  public static NDArray lengths(NDArray borders) {
    long spans = borders.getShape().get(1) - 1;
    return borders.get(":, 1:").sub(borders.get(":, :{}", spans));
  }

  /**
   * The span of each token.
   *
   * @param pass what the pass carries
   * @param borders (B, C + 1) int64, as for {@link #overSpans}
   * @param length the number of tokens
   * @return (B, L) int64 from 0 to C - 1
   */
  public static NDArray spanOf(Pass pass, NDArray borders, long length) {
    return pass.kernels(borders) ? fastSpanOf(borders, length) : plainSpanOf(borders, length);
  }

  static NDArray fastSpanOf(NDArray borders, long length) {
    return KERNELS.call("span_of", borders, length);
  }

  /** Forms all pairs of token and border. */
  static NDArray plainSpanOf(NDArray borders, long length) {
    NDArray token =
        borders.getManager().arange(0, (int) length, 1, DataType.INT64, borders.getDevice());
    return borders
        .expandDims(2)
        .lte(token.reshape(1, 1, length))
        .toType(DataType.INT64, false)
        .sum(new int[] {1})
        .sub(1);
  }

  /**
   * Each span is covered by two runs of 2^k tokens, which may overlap; the greatest of every run of
   * 2^k is found from those of 2^(k-1).
   */
  private static NDArray greatest(NDArray x, NDArray from, NDArray lengths) {
    long length = x.getShape().get(1);
    NDList levels = new NDList(x);
    NDArray level = lengths.squeeze(2).zerosLike();
    NDArray run = level.onesLike();
    for (long width = 2; width <= length; width *= 2) {
      NDArray last = levels.get(levels.size() - 1);
      NDArray head = last.get(":, :{}", length - width / 2).maximum(last.get(":, {}:", width / 2));
      // What begins too near the end is never asked for; it keeps the place.
      levels.add(head.concat(last.get(":, {}:", length - width / 2), 1));
      NDArray reaches = lengths.squeeze(2).gte(width).toType(DataType.INT64, false);
      level = level.add(reaches);
      run = run.add(reaches.mul(run));
    }
    NDArray all = Tensors.concat(levels, 1); // (B, levels L, d)
    NDArray start = Arithmetic.times(level, length).add(from);
    NDArray first = rows(all, Arithmetic.atMost(start, levels.size() * length - 1));
    NDArray second = Arithmetic.atLeast(start.add(lengths.squeeze(2)).sub(run), 0);
    NDArray both = first.maximum(rows(all, second.toType(DataType.INT64, false)));
    return both.mul(lengths.gt(0).toType(x.getDataType(), false));
  }

  /** Rows (B, C, d) of x (B, L, d). */
  private static NDArray rows(NDArray x, NDArray index) {
    Shape shape = index.getShape();
    return x.gather(
        index
            .toType(DataType.INT64, false)
            .expandDims(2)
            .broadcast(new Shape(shape.get(0), shape.get(1), x.getShape().get(2))),
        1);
  }
}
