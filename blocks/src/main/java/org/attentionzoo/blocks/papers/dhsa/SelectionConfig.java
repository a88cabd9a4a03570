package org.attentionzoo.blocks.papers.dhsa;

/**
 * Which keys the blocks of queries see.
 *
 * @param block the number of queries that see the same keys
 * @param budget how many keys a block of queries sees
 * @param window how many tokens back a query sees at most; 0 for all
 * @param pooling how a block of queries and a chunk of keys become one vector each
 * @param first how many of the chosen keys, the earliest, are replaced by the first tokens
 * @param recent how many of the latest keys are always chosen
 * @param instruction how many queries at the end see all keys; -1 for none
 */
public record SelectionConfig(
    int block, int budget, int window, Pooling pooling, int first, int recent, int instruction) {

  /** How tokens become one vector. */
  public enum Pooling {
    /** The mean; of a block of queries that is not whole, with zeros for what is missing. */
    MEAN,
    /** The mean times the square root of the number of tokens. */
    SCALED_MEAN,
    /** The greatest of queries, which zeros fill up, and the mean of keys. */
    MAX_OF_QUERIES
  }

  /** Checks the sizes. */
  public SelectionConfig {
    if (block < 1 || budget < 1 || window < 0 || first < 0 || recent < 0 || instruction < -1) {
      throw new IllegalArgumentException(
          "block and budget must be positive, window, first and recent not negative, instruction at"
              + " least -1; got "
              + block
              + ", "
              + budget
              + ", "
              + window
              + ", "
              + first
              + ", "
              + recent
              + ", "
              + instruction);
    }
  }
}
