package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.DecodeState;

/**
 * The keys and values of a piece of sequences behind those that are remembered of the pieces before
 * it, under the names {@code keys}, {@code values}, {@code valid} and {@code positions} of the
 * block's state. Along one axis of keys and values run the tokens; axis 0 is the batch.
 *
 * @param keys the keys of all tokens
 * @param values the values of all tokens
 * @param valid (B, L of all) boolean, false where padded; null if nothing is padded
 * @param positions (L of all) or (B, L of all); null if there are none
 */
public record SeenKeys(NDArray keys, NDArray values, NDArray valid, NDArray positions) {

  /**
   * Puts a piece behind what is remembered; what is remembered stays as it is.
   *
   * @param state of the block that attends
   * @param axis the axis of {@code keys} and {@code values} along which the tokens run
   * @param keys of the piece
   * @param values of the piece
   * @param valid (B, L) boolean, false where padded; null if nothing is padded
   * @param positions (L) or (B, L) int64; null if there are none, in each piece then
   * @return all tokens
   */
  public static SeenKeys behind(
      DecodeState state, int axis, NDArray keys, NDArray values, NDArray valid, NDArray positions) {
    NDArray oldKeys = state.borrow("keys", keys);
    if (oldKeys == null) {
      return new SeenKeys(keys, values, valid, positions);
    }
    NDArray oldValid = state.borrow("valid", keys);
    NDArray allValid =
        oldValid == null && valid == null
            ? null
            : orAllTrue(oldValid, oldKeys, axis).concat(orAllTrue(valid, keys, axis), 1);
    NDArray oldPositions = state.borrow("positions", keys);
    NDArray allPositions = positions;
    if (oldPositions != null) {
      boolean alike = oldPositions.getShape().dimension() == positions.getShape().dimension();
      allPositions =
          alike
              ? oldPositions.concat(positions, -1)
              : perRow(oldPositions, keys).concat(perRow(positions, keys), 1);
    }
    return new SeenKeys(
        oldKeys.concat(keys, axis),
        state.borrow("values", values).concat(values, axis),
        allValid,
        allPositions);
  }

  /**
   * Remembers all tokens.
   *
   * @param state of the block that attends
   */
  public void remember(DecodeState state) {
    state.put("keys", keys);
    state.put("values", values);
    putIfPresent(state, "valid", valid);
    putIfPresent(state, "positions", positions);
  }

  /**
   * Remembers the last tokens only. Tokens run along axis 2.
   *
   * @param state of the block that attends
   * @param from the first token to be remembered
   */
  public void rememberFrom(DecodeState state, long from) {
    new SeenKeys(
            keys.get(":, :, {}:", from),
            values.get(":, :, {}:", from),
            valid == null ? null : valid.get(":, {}:", from),
            positions == null ? null : positions.get("..., {}:", from))
        .remember(state);
  }

  private static void putIfPresent(DecodeState state, String name, NDArray tensor) {
    if (tensor != null) {
      state.put(name, tensor);
    }
  }

  private static NDArray orAllTrue(NDArray valid, NDArray keys, int axis) {
    Shape shape = keys.getShape();
    return valid != null
        ? valid
        : keys.getManager().ones(new Shape(shape.get(0), shape.get(axis)), DataType.BOOLEAN);
  }

  private static NDArray perRow(NDArray positions, NDArray keys) {
    return positions.getShape().dimension() == 2
        ? positions
        : positions
            .expandDims(0)
            .broadcast(new Shape(keys.getShape().get(0), positions.getShape().get(0)));
  }
}
