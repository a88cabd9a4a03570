package org.attentionzoo.blocks.papers.hyperattention;

import ai.djl.ndarray.NDArray;

/** Where the random numbers of one call of {@link HyperAttention} come from. */
public interface Draws {

  /**
   * The directions of the hash; asked for once, first.
   *
   * @param like an activation, whose manager and device are used
   * @param width the size d of a query
   * @param count the number of directions r
   * @return (d, r), normally distributed
   */
  NDArray directions(NDArray like, long width, int count);

  /**
   * Keys drawn with replacement.
   *
   * @param like an activation, whose manager and device are used
   * @param batch the number of sequences B
   * @param heads the number of heads H
   * @param keys the number of keys to draw from
   * @param count how many to draw
   * @return (B, H, count) int64, from 0 to keys - 1
   */
  NDArray samples(NDArray like, long batch, long heads, long keys, int count);
}
