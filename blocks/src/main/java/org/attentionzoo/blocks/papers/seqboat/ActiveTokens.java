package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;

/**
 * Sparse modular activation (Ren et al. 2023, section 3.1): takes the activated tokens of each row
 * together, in order, for any module to work on, and puts the results back. What the module costs
 * is that of {@link #slots()} tokens, the largest number in a row. That number decides shapes, so
 * it is read from the device, once for each object; all else stays there.
 *
 * <p>Thread safety: immutable; its arrays belong to the manager of the mask.
 */
public final class ActiveTokens {

  private final NDArray counts;
  private final NDArray place;
  private final NDArray order;
  private final NDArray valid;
  private final long slots;

  /**
   * Finds the places.
   *
   * @param active (B, L) boolean, true where a token is activated
   * @param compressAlways if false, nothing moves where some row activates all its tokens
   */
  public ActiveTokens(NDArray active, boolean compressAlways) {
    long length = active.getShape().get(1);
    NDArray ones = active.toType(DataType.INT64, false);
    counts = ones.sum(new int[] {1}, true);
    long most = counts.max().getLong();
    NDArray tokens =
        active
            .getManager()
            .arange(0, (int) length, 1, DataType.INT64, active.getDevice())
            .reshape(1, length);
    if (most == length) {
      // The largest row keeps its length; the others are compressed only on demand.
      slots = length;
      if (!compressAlways) {
        place = null;
        order = null;
        valid = active;
        return;
      }
    } else {
      slots = Math.max(1, most);
    }
    NDArray before = ones.cumSum(1).sub(1);
    place = Arithmetic.atLeast(before, 0).toType(DataType.INT64, false);
    // Activated tokens come first, in order; the others follow in order.
    NDArray rank = tokens.sub(Arithmetic.times(ones, length));
    order = rank.argSort(1).get(":, :{}", slots);
    valid = tokens.get(":, :{}", slots).lt(counts);
  }

  /**
   * The length of the compressed rows.
   *
   * @return the largest number of activated tokens in a row, but at least 1
   */
  public long slots() {
    return slots;
  }

  /**
   * How many tokens are activated.
   *
   * @return (B, 1) int64
   */
  public NDArray counts() {
    return counts;
  }

  /**
   * Which slots hold an activated token.
   *
   * @return (B, slots) boolean
   */
  public NDArray valid() {
    return valid;
  }

  /**
   * Whether every token keeps its place, activated or not.
   *
   * @return true if nothing is moved
   */
  public boolean inPlace() {
    return order == null;
  }

  /**
   * Takes the activated tokens.
   *
   * @param x (B, L, D) or (B, L)
   * @return (B, slots, D) or (B, slots); unspecified where {@link #valid()} is false
   */
  public NDArray compress(NDArray x) {
    return order == null ? x : x.gather(wide(order, x), 1);
  }

  /**
   * Puts tokens back.
   *
   * @param x (B, slots, D)
   * @return (B, L, D); unspecified where a token is not activated: multiply by the mask
   */
  public NDArray extract(NDArray x) {
    return place == null ? x : x.gather(wide(place, x), 1);
  }

  private static NDArray wide(NDArray index, NDArray x) {
    if (x.getShape().dimension() == 2) {
      return index;
    }
    Shape shape = index.getShape();
    return index
        .expandDims(2)
        .broadcast(new Shape(shape.get(0), shape.get(1), x.getShape().get(2)));
  }
}
