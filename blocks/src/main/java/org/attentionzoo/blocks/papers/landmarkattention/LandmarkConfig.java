package org.attentionzoo.blocks.papers.landmarkattention;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of a {@link LandmarkGpt}.
 *
 * @param vocabulary the number of tokens
 * @param landmark the token that is the landmark; -1 for one behind the vocabulary
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param heads the number of heads; divides width
 * @param bias whether projections and norms have biases
 * @param dropout the rate on embeddings, patterns and residual branches
 * @param groupDropout the rate at which attention drops whole earlier blocks in training
 * @param context the size of the official code's causal masks, which belong to its state dict; does
 *     not limit the length
 * @param block how many tokens a landmark stands for; 0 for no landmarks: a plain GPT
 * @param positionJump in training, positions jump by less than this after each landmark; 0 for no
 *     jumps
 * @param softmax how weights are made of logits
 * @param chunk outside of training, sequences are read in chunks of at most so many tokens, and
 *     each token sees only its chunk and the blocks that it retrieves; 0 for whole sequences
 * @param retrieved how many blocks each token retrieves
 * @param cached how many blocks are kept to be retrieved; the oldest are dropped
 * @param selection how blocks are chosen
 */
public record LandmarkConfig(
    int vocabulary,
    int landmark,
    int width,
    int layers,
    int heads,
    boolean bias,
    double dropout,
    double groupDropout,
    int context,
    int block,
    int positionJump,
    Softmax softmax,
    int chunk,
    int retrieved,
    int cached,
    Selection selection) {

  /** How weights are made of logits. */
  public enum Softmax {
    /** The grouped softmax of {@link LandmarkSoftmax}. */
    GROUPED,
    /** The usual softmax, in which landmarks of earlier blocks are tokens like others. */
    PLAIN,
    /** The usual softmax over all tokens but landmarks. */
    WITHOUT_LANDMARKS
  }

  /** How blocks are chosen. */
  public enum Selection {
    /** Each token and head by itself. */
    PER_TOKEN_AND_HEAD,
    /** Each token by itself: by the head that weighs a landmark most. */
    MAX_OVER_HEADS,
    /**
     * Each head, for all tokens of a chunk together: by the token that weighs a landmark most. What
     * a token sees then depends on later tokens of its chunk.
     */
    MAX_OVER_TOKENS,
    /** The most recent blocks: a control. */
    RECENT,
    /** Blocks that have nothing to do with the query, others for each token and head: a control. */
    RANDOM
  }

  /** Checks the sizes. */
  public LandmarkConfig {
    Limits.positive("width", width);
    Limits.notNegative("layers", layers);
    Limits.notNegative("cached", cached);
    Limits.rate("dropout", dropout);
    Limits.rate("groupDropout", groupDropout);
    if (vocabulary < 1 || landmark >= vocabulary || landmark < -1) {
      throw new IllegalArgumentException(
          "vocabulary must be positive and landmark below it, or -1; got "
              + vocabulary
              + " and "
              + landmark);
    }
    if (heads < 1 || width % heads != 0 || width / heads % 2 != 0) {
      throw new IllegalArgumentException(
          "rotary positions need heads of an even width; got width "
              + width
              + " and "
              + heads
              + " heads");
    }
    if (block < 0 || chunk < 0 || retrieved < 0 || positionJump < 0 || context < 1) {
      throw new IllegalArgumentException(
          "block, chunk, retrieved and positionJump may not be negative, and context must be"
              + " positive; got "
              + block
              + ", "
              + chunk
              + ", "
              + retrieved
              + ", "
              + positionJump
              + ", "
              + context);
    }
    if (chunk > 0 && (block < 1 || cached < 1)) {
      throw new IllegalArgumentException(
          "retrieval needs landmarks (block) and a cache of at least 1 block (cached); got block "
              + block
              + " and cached "
              + cached);
    }
  }

  /** How many rows the table of embeddings has. */
  int rows() {
    return landmark < 0 ? vocabulary + 1 : vocabulary;
  }

  /** The landmark's row. */
  int landmarkRow() {
    return landmark < 0 ? vocabulary : landmark;
  }

  int headWidth() {
    return width / heads;
  }
}
