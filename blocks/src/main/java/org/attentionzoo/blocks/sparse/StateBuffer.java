package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Tensors;

/**
 * A memory of hidden states of a fixed number of slots for each sequence of a batch. New states
 * contend with those that are there: what stays is what has the largest relevance, which loses a
 * part each time it was not used.
 *
 * <p>Immutable; gradients go through states and relevances, not through the choice.
 *
 * @param states (B, slots, H)
 * @param relevance (B, slots) in (0, 1], 0 where a slot is empty
 * @param idle (B, slots) how many rounds ago the state was used or written
 */
public record StateBuffer(NDArray states, NDArray relevance, NDArray idle) {

  /** What is left of a relevance, in contention, for each round without use. */
  private static final double FADING = 0.9;

  /**
   * A buffer without states.
   *
   * @param manager owns it
   * @param batch B
   * @param slots the number of slots
   * @param width H
   * @param like an array of the wanted type and device
   * @return the buffer
   */
  public static StateBuffer empty(
      NDManager manager, long batch, int slots, long width, NDArray like) {
    DataType type = like.getDataType();
    NDArray states =
        manager.zeros(new Shape(batch, slots, width), type).toDevice(like.getDevice(), false);
    NDArray none = manager.zeros(new Shape(batch, slots), type).toDevice(like.getDevice(), false);
    return new StateBuffer(states, none, none);
  }

  /**
   * A buffer of what {@link #all} gave.
   *
   * @param arrays among others the buffer's
   * @param at the index of the first of them
   * @return the buffer
   */
  public static StateBuffer of(NDList arrays, int at) {
    return new StateBuffer(arrays.get(at), arrays.get(at + 1), arrays.get(at + 2));
  }

  /**
   * What the buffer consists of.
   *
   * @return its three arrays
   */
  public NDList all() {
    return new NDList(states, relevance, idle);
  }

  /**
   * Which slots hold a state.
   *
   * @return (B, slots) boolean
   */
  public NDArray filled() {
    return relevance.gt(0);
  }

  /**
   * Ends a round: what was used is as fresh as if it were new.
   *
   * @param used (B, slots) boolean
   * @return the buffer after it
   */
  public StateBuffer after(NDArray used) {
    NDArray unused = Tensors.oneMinus(used.toType(idle.getDataType(), false));
    return new StateBuffer(states, relevance, idle.add(1).mul(unused));
  }

  /**
   * Offers new states; those of all that have the largest faded relevance stay, of equal ones those
   * that are there.
   *
   * @param more (B, n, H)
   * @param theirs (B, n) relevance in (0, 1], 0 for a state that is not to be kept
   * @return the buffer with them
   */
  public StateBuffer offer(NDArray more, NDArray theirs) {
    long slots = relevance.getShape().get(1);
    NDArray all = states.concat(more, 1);
    NDArray weights = relevance.concat(theirs, 1);
    NDArray ages = idle.concat(theirs.zerosLike(), 1);
    NDArray faded = weights.stopGradient().mul(Arithmetic.times(ages, Math.log(FADING)).exp());
    NDArray kept = StableOrder.descending(faded).get(":, :{}", slots);
    NDArray rows =
        kept.expandDims(2)
            .broadcast(new Shape(kept.getShape().get(0), slots, all.getShape().get(2)));
    return new StateBuffer(all.gather(rows, 1), weights.gather(kept, 1), ages.gather(kept, 1));
  }

  /**
   * Takes each sequence's memory from one of two buffers.
   *
   * @param first (B, 1), 1 for this buffer and 0 for the other
   * @param other a buffer of the same sizes
   * @return the mixture
   */
  public StateBuffer orElse(NDArray first, StateBuffer other) {
    return new StateBuffer(
        Tensors.choose(first.expandDims(2), states, other.states),
        Tensors.choose(first, relevance, other.relevance),
        Tensors.choose(first, idle, other.idle));
  }
}
