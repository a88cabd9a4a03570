package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;

/**
 * A piece of sequences with landmarks among its tokens.
 *
 * @param ids (B, S) int64
 * @param landmarks (1 or B, S) boolean
 * @param valid (B, S) boolean, false where there is nothing; null if there is something everywhere
 * @param positions (1 or B, S) int64, counted with landmarks from the start of the sequences
 * @param slots (1 or B, L) int64, where the tokens are
 * @param padding how tokens were moved to the front of their rows; null if they were not
 */
record LandmarkTokens(
    NDArray ids,
    NDArray landmarks,
    NDArray valid,
    NDArray positions,
    NDArray slots,
    Padding padding) {

  private static final String SEEN = "seen";

  /**
   * Inserts a landmark behind every block of tokens; with a decode cache, blocks go on from what
   * its owner saw before.
   *
   * @param pass what the pass carries
   * @param owner whose state of the decode cache counts the tokens
   * @param tokens (B, L) int64
   * @param valid (B, L) boolean, false where padded; null if nothing is padding
   * @param block how many tokens a block has
   * @param landmark the landmark's id
   * @return the piece
   */
  static LandmarkTokens insert(
      Pass pass, Block owner, NDArray tokens, NDArray valid, int block, int landmark) {
    NDManager manager = tokens.getManager();
    int length = (int) tokens.getShape().get(1);
    DecodeState state = pass.cache() == null ? null : pass.cache().of(owner);
    long offset = state == null ? 0 : state.count(SEEN);
    NDArray before = state == null ? null : state.borrow(SEEN, tokens);
    boolean ragged = valid != null || before != null;
    Padding padding = valid == null ? null : new Padding(valid);
    NDArray compact =
        padding == null ? tokens : padding.compact(tokens.expandDims(2)).squeeze(2); // (B, L)
    NDArray seen = before == null ? scalar(manager, offset, tokens) : before; // (1 or B, 1)
    if (state != null && !ragged) {
      state.setCount(SEEN, offset + length);
    }
    if (state != null && ragged) {
      state.put(SEEN, seen.add(counts(manager, tokens, valid)));
    }
    // a row's first slot is the next of its open block
    int inserted =
        ragged ? (length + block - 1) / block : (int) ((offset % block + length) / block);
    NDArray open = seen.mod(block);
    NDArray slot =
        manager.arange(0, length + inserted, 1, DataType.INT64, tokens.getDevice()).expandDims(0);
    NDArray place = open.add(slot); // (1 or B, S), from the open block's first slot
    NDArray landmarks = place.mod(block + 1).eq(block);
    NDArray token = slot.sub(floor(place, block + 1));
    NDArray exists = null;
    if (ragged) {
      NDArray count = counts(manager, tokens, valid);
      exists = slot.lt(count.add(floor(open.add(count), block)));
      landmarks = landmarks.logicalAnd(exists);
    }
    Shape shape = new Shape(tokens.getShape().get(0), length + inserted);
    NDArray source =
        Arithmetic.atMost(Arithmetic.atLeast(token, 0), length - 1)
            .toType(DataType.INT64, false)
            .broadcast(shape);
    NDArray marks = landmarks.broadcast(shape);
    NDArray ids =
        NDArrays.where(marks, source.zerosLike().add((long) landmark), compact.gather(source, 1));
    NDArray positions = seen.add(floor(seen, block)).add(slot);
    NDArray number = manager.arange(0, length, 1, DataType.INT64, tokens.getDevice()).expandDims(0);
    NDArray slots = number.add(floor(open.add(number), block));
    return new LandmarkTokens(ids, landmarks, exists, positions, slots, padding);
  }

  /**
   * Tokens that have their landmarks already.
   *
   * @param ids (B, S) int64
   * @param landmark the landmark's id
   * @return whole sequences
   */
  static LandmarkTokens marked(NDArray ids, int landmark) {
    int length = (int) ids.getShape().get(1);
    NDArray place =
        ids.getManager().arange(0, length, 1, DataType.INT64, ids.getDevice()).expandDims(0);
    return new LandmarkTokens(ids, ids.eq(landmark), null, place, place, null);
  }

  /**
   * The same tokens, whose positions jump behind landmarks by random numbers below a bound.
   *
   * @param bound the bound
   * @return a copy
   */
  LandmarkTokens jumping(int bound) {
    NDArray draws =
        ids.getManager()
            .randomInteger(0, bound, ids.getShape(), DataType.INT64)
            .toDevice(ids.getDevice(), false);
    NDArray jumps = draws.mul(landmarks.toType(DataType.INT64, false));
    NDArray before = jumps.cumSum(1).sub(jumps); // a landmark itself does not jump
    return new LandmarkTokens(ids, landmarks, valid, positions.add(before), slots, padding);
  }

  /**
   * Takes what belongs to tokens and leaves out what belongs to landmarks.
   *
   * @param x (B, S, D)
   * @return (B, L, D), in the order of the tokens that were given
   */
  NDArray tokensOf(NDArray x) {
    Shape shape = x.getShape();
    long length = slots.getShape().get(1);
    NDArray index = slots.expandDims(2).broadcast(new Shape(shape.get(0), length, shape.get(2)));
    NDArray kept = x.gather(index, 1);
    return padding == null ? kept : padding.restore(kept);
  }

  private static NDArray counts(NDManager manager, NDArray tokens, NDArray valid) {
    return valid == null
        ? scalar(manager, tokens.getShape().get(1), tokens)
        : valid.toType(DataType.INT64, false).sum(new int[] {1}, true);
  }

  private static NDArray scalar(NDManager manager, long value, NDArray like) {
    return manager
        .arange((int) value, (int) value + 1, 1, DataType.INT64, like.getDevice())
        .reshape(1, 1);
  }

  /** x / divisor, rounded down, for x not negative. */
  private static NDArray floor(NDArray x, long divisor) {
    return Arithmetic.times(x.sub(x.mod(divisor)), 1.0 / divisor)
        .round()
        .toType(DataType.INT64, false);
  }
}
