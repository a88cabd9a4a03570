package org.attentionzoo.blocks.papers.superlinearattention;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Where a query searches and how far the spans reach that it finds (Superlinear Multi-Step
 * Attention, arXiv 2601.18401, two steps). Stripe i lies floor(i^n) - 1 tokens back, for i from the
 * window index + 1 on: a query searches about as many keys as the n-th root of what came before it.
 *
 * @param inversePower the exponent n, 2 to 6; 0 to take it from {@code searchPower}
 * @param searchPower 1 / n between 0 and 1, where n is no integer; not used otherwise
 * @param windowIndex stripes up to this one belong to the sliding window, whose length is
 *     floor((windowIndex + 1)^n) - 1; 0 for no window
 * @param spans how many spans a query attends to; 0 for the window alone
 * @param backward a span begins {@code backward} m^spanPower tokens before its anchor, m being the
 *     number of tokens up to the query
 * @param forward a span ends {@code forward} m^spanPower tokens behind its anchor
 * @param spanPower between 0 and 1
 * @param choice how anchors are chosen
 */
public record SpanConfig(
    int inversePower,
    double searchPower,
    int windowIndex,
    int spans,
    double backward,
    double forward,
    double spanPower,
    Choice choice) {

  /** How anchors are chosen. */
  public enum Choice {
    /** Those with the highest scores. */
    BEST,
    /** Any, whatever the query: a control. */
    RANDOM
  }

  private static final int LARGEST_POWER = 6;

  /** Checks the values. */
  public SpanConfig {
    if (inversePower == 0
        ? !(searchPower > 0 && searchPower < 1)
        : inversePower < 2 || inversePower > LARGEST_POWER) {
      throw new IllegalArgumentException(
          "inversePower is 2 to 6, or 0 with a searchPower between 0 and 1; got "
              + inversePower
              + " and "
              + searchPower);
    }
    if (windowIndex < 0 || spans < 0) {
      throw new IllegalArgumentException(
          "windowIndex and spans may not be negative; got " + windowIndex + " and " + spans);
    }
    if (!(backward >= 0 && forward >= 0 && backward + forward < Double.POSITIVE_INFINITY)
        || !(spanPower > 0 && spanPower < 1)) {
      throw new IllegalArgumentException(
          "backward and forward may not be negative, spanPower is between 0 and 1; got "
              + backward
              + ", "
              + forward
              + " and "
              + spanPower);
    }
    if (spans == 0 && windowIndex == 0) {
      throw new IllegalArgumentException("without a window and without spans nothing is seen");
    }
  }

  /**
   * Spans around the best anchors.
   *
   * @param inversePower the exponent n, 2 to 6; 0 to take it from {@code searchPower}
   * @param searchPower 1 / n, where n is no integer
   * @param windowIndex stripes up to this one belong to the sliding window
   * @param spans how many spans a query attends to
   * @param backward how far a span reaches back
   * @param forward how far a span reaches forward
   * @param spanPower between 0 and 1
   */
  public SpanConfig(
      int inversePower,
      double searchPower,
      int windowIndex,
      int spans,
      double backward,
      double forward,
      double spanPower) {
    this(inversePower, searchPower, windowIndex, spans, backward, forward, spanPower, Choice.BEST);
  }

  /**
   * How many tokens the window holds, the query included.
   *
   * @return at least 0
   */
  public long window() {
    return power(windowIndex + 1L) - 1;
  }

  /**
   * How many stripes the last of a number of tokens searches.
   *
   * @param tokens the tokens up to the query
   * @return at least 0
   */
  public int stripes(long tokens) {
    int last = windowIndex;
    while (power(last + 1L) <= tokens) {
      last++;
    }
    return last - windowIndex;
  }

  /**
   * How long a span is at most.
   *
   * @param tokens the tokens up to the query
   * @return at least 1
   */
  public long longestSpan(long tokens) {
    double root = Math.pow(tokens, spanPower);
    return (long) Math.ceil(backward * root) + (long) Math.ceil(forward * root) + 3;
  }

  /**
   * How many keys a query looks at: those it searches, and those it attends to at most.
   *
   * @param tokens the tokens up to the query
   * @return searched and attended keys
   */
  public long cost(long tokens) {
    double root = Math.pow(tokens, spanPower);
    long span = (long) Math.ceil(backward * root) + (long) Math.ceil(forward * root) + 1;
    long attended = Math.min(tokens, window()) + spans * Math.min(tokens, span);
    return (spans == 0 ? 0 : stripes(tokens)) + attended;
  }

  /**
   * How many tokens back the stripes lie, from the nearest on.
   *
   * @param manager owns the result
   * @param device where it is
   * @param count how many
   * @return (count) int64
   */
  NDArray distances(NDManager manager, Device device, int count) {
    DataType type = inversePower > 0 ? DataType.INT64 : DataType.FLOAT64;
    NDArray index = manager.arange(windowIndex + 1, windowIndex + 1 + count, 1, type, device);
    NDArray raised =
        inversePower > 0
            ? Arithmetic.power(index, inversePower)
            : Arithmetic.power(index, 1 / searchPower).floor().toType(DataType.INT64, false);
    return raised.sub(1L);
  }

  /** ceil(factor m^spanPower), in float32 as the official code has it. */
  NDArray reach(NDArray tokens, double factor) {
    NDArray root = Arithmetic.power(tokens.toType(DataType.FLOAT32, false), spanPower);
    return Arithmetic.times(root, factor).ceil().toType(DataType.INT64, false);
  }

  private long power(long index) {
    if (inversePower == 0) {
      return (long) Math.floor(Math.pow(index, 1 / searchPower));
    }
    long result = 1;
    for (int i = 0; i < inversePower; i++) {
      result *= index;
    }
    return result;
  }
}
