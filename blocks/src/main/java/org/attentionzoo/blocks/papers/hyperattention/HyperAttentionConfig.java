package org.attentionzoo.blocks.papers.hyperattention;

import org.attentionzoo.blocks.sparse.AngularHash;

/**
 * Sizes and switches of {@link HyperAttention}.
 *
 * @param projections the number of bits of a hash, 0 to 30; 0 sorts nothing
 * @param block how many neighbours in the order of hashes see each other; 0 for none, so that all
 *     comes from the samples
 * @param samples how many keys, drawn from all, stand for those outside of a query's block; 0 for
 *     none, so that nothing else is seen
 * @param minimumLength up to which length attention is exact: for fewer queries without causality,
 *     for at most as many keys with it. At least 1
 * @param masked whether a query's samples from its own block, which it sees already, and the zeros
 *     that fill up the last block are hidden. The official code hides neither in float32
 * @param visit the order of the hashes
 * @param seed decides directions and samples, the same ones in each pass and for each row of a
 *     batch
 */
public record HyperAttentionConfig(
    int projections,
    int block,
    int samples,
    int minimumLength,
    boolean masked,
    AngularHash.Visit visit,
    long seed) {

  private static final int MOST_BITS = 30;

  /** Checks the sizes. */
  public HyperAttentionConfig {
    if (projections < 0 || projections > MOST_BITS || block < 0 || samples < 0) {
      throw new IllegalArgumentException(
          "projections must be 0 to 30, block and samples not negative; got "
              + projections
              + ", "
              + block
              + ", "
              + samples);
    }
    if (block == 0 && samples == 0) {
      throw new IllegalArgumentException(
          "block and samples are both 0, so that nothing would be seen; give one of them");
    }
    if (minimumLength < 1) {
      throw new IllegalArgumentException(
          "minimumLength must be at least 1, where halving ends; got " + minimumLength);
    }
  }

  /**
   * As the official code does, including what it does not hide.
   *
   * @param projections the number of bits of a hash
   * @param block how many neighbours in the order of hashes see each other
   * @param samples how many keys stand for those outside of a query's block
   * @param minimumLength up to which length attention is exact
   * @return the config
   */
  public static HyperAttentionConfig official(
      int projections, int block, int samples, int minimumLength) {
    return new HyperAttentionConfig(
        projections, block, samples, minimumLength, false, AngularHash.Visit.GRAY_CODE, 0);
  }
}
