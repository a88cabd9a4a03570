package org.attentionzoo.blocks.papers.dhsa;

import org.attentionzoo.blocks.positions.Rotary;

/**
 * Sizes and switches of a {@link DhsaAttention}.
 *
 * @param width the size of the hidden states
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads; divides heads
 * @param rotary rotary positions; null for none
 * @param selection which keys the blocks of queries see
 * @param method how keys become chunks
 * @param chunk the number of tokens of a chunk of one length
 * @param predictor the boundary predictor, of (keyValueHeads head width) channels
 * @param threshold the score above which a chunk may end
 * @param chunksPerBlock how many chunks there are at most, for each whole block of queries
 * @param apart how many tokens a chunk has at least, less one
 * @param stage what the attention does
 * @param share the factor of this layer's loss while the predictor learns
 */
public record DhsaConfig(
    int width,
    int heads,
    int keyValueHeads,
    Rotary rotary,
    SelectionConfig selection,
    Method method,
    int chunk,
    PredictorConfig predictor,
    double threshold,
    int chunksPerBlock,
    int apart,
    Stage stage,
    double share) {

  /** How keys become chunks, all of whose keys have one score. */
  public enum Method {
    /** The boundary predictor says where chunks end. */
    PREDICTED,
    /** What the predictor learns says it: needs dense attention first. */
    LABELLED,
    /** Chunks of one length. */
    FIXED,
    /** Every key is a chunk. */
    TOKENS,
    /** One chunk: the first keys and the latest are chosen. */
    STREAMING,
    /** Keys are chosen at random, but for the latest. */
    RANDOM,
    /** All keys: dense attention. */
    DENSE
  }

  /** What an attention does. */
  public enum Stage {
    /** It attends, sparsely if the sequence is longer than the budget. */
    ATTEND,
    /** It attends densely, and the predictor learns where chunks end. */
    LEARN_BOUNDARIES
  }

  /** Checks the sizes. */
  public DhsaConfig {
    if (heads < 1 || keyValueHeads < 1 || width % heads != 0 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads, and heads of keyValueHeads; got "
              + width
              + ", "
              + heads
              + " and "
              + keyValueHeads);
    }
    if (predictor.channels() != width / heads * keyValueHeads) {
      throw new IllegalArgumentException(
          "the predictor has "
              + predictor.channels()
              + " channels, but the keys "
              + width / heads * keyValueHeads);
    }
    if (chunk < 1 || chunksPerBlock < 1 || apart < 0) {
      throw new IllegalArgumentException("chunk and chunksPerBlock must be positive");
    }
  }
}
