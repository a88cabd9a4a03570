package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Cuts a sequence into blocks of one size, and puts it together again. A last block that is not
 * whole is filled up with zeros behind its tokens.
 */
public final class TokenBlocks {

  private TokenBlocks() {}

  /**
   * How many blocks hold a sequence.
   *
   * @param length the number of tokens, at least 0
   * @param size the number of tokens of a block, at least 1
   * @return the number of blocks, the last of which may not be whole
   * @throws IllegalArgumentException if the size is not positive
   */
  public static long count(long length, long size) {
    if (size < 1) {
      throw new IllegalArgumentException("a block has at least 1 token, got " + size);
    }
    return (length + size - 1) / size;
  }

  /**
   * Fills a sequence up to whole blocks.
   *
   * @param x any shape, with L tokens along the axis
   * @param axis the axis of the tokens, counted from 0
   * @param size the number of tokens of a block
   * @return zeros behind the tokens (false if boolean); x itself if its blocks are whole
   */
  public static NDArray fill(NDArray x, int axis, long size) {
    Shape shape = x.getShape();
    long missing = count(shape.get(axis), size) * size - shape.get(axis);
    if (missing == 0) {
      return x;
    }
    long[] tail = shape.getShape().clone();
    tail[axis] = missing;
    NDArray zeros =
        x.getManager().zeros(new Shape(tail), x.getDataType()).toDevice(x.getDevice(), false);
    return x.concat(zeros, axis);
  }

  /**
   * Cuts a sequence into blocks.
   *
   * @param x (..., L, ...) with the tokens along the axis
   * @param axis the axis of the tokens, counted from 0
   * @param size the number of tokens of a block
   * @return (..., blocks, size, ...), filled up as by {@link #fill}
   */
  public static NDArray split(NDArray x, int axis, long size) {
    NDArray whole = fill(x, axis, size);
    long[] shape = whole.getShape().getShape();
    long[] cut = new long[shape.length + 1];
    System.arraycopy(shape, 0, cut, 0, axis);
    cut[axis] = shape[axis] / size;
    cut[axis + 1] = size;
    System.arraycopy(shape, axis + 1, cut, axis + 2, shape.length - axis - 1);
    return whole.reshape(new Shape(cut));
  }

  /**
   * Puts blocks together again.
   *
   * @param blocks (..., blocks, size, ...)
   * @param axis the axis of the blocks, counted from 0; the tokens of a block follow it
   * @param length the number of tokens to keep
   * @return (..., L, ...)
   */
  public static NDArray join(NDArray blocks, int axis, long length) {
    long[] cut = blocks.getShape().getShape();
    long[] shape = new long[cut.length - 1];
    System.arraycopy(cut, 0, shape, 0, axis);
    shape[axis] = cut[axis] * cut[axis + 1];
    System.arraycopy(cut, axis + 2, shape, axis + 1, cut.length - axis - 2);
    NDArray whole = blocks.reshape(new Shape(shape));
    return shape[axis] == length ? whole : whole.get(first(axis, length));
  }

  /**
   * Which places of the blocks hold a token.
   *
   * @param like an array on the wanted device, whose manager owns the result
   * @param length the number of tokens
   * @param size the number of tokens of a block
   * @param valid (B, L) boolean, false where padded; null for all
   * @return (1 or B, blocks, size) boolean
   */
  public static NDArray exists(NDArray like, long length, long size, NDArray valid) {
    NDArray all =
        valid == null
            ? like.getManager()
                .ones(new Shape(1, length), DataType.BOOLEAN)
                .toDevice(like.getDevice(), false)
            : valid;
    return split(all, 1, size);
  }

  private static String first(int axis, long length) {
    return ":, ".repeat(axis) + ":" + length;
  }
}
