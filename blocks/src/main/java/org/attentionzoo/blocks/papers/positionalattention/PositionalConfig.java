package org.attentionzoo.blocks.papers.positionalattention;

/**
 * Sizes and switches of {@link PositionalTransformer}.
 *
 * @param inputs the number of features of a token
 * @param width the size of the hidden states; a multiple of heads
 * @param outputs the number of values for a token
 * @param heads the number of heads
 * @param layers the number of layers
 * @param hidden the inner size of the layers' networks
 * @param depth how many linear maps a layer's network has
 * @param mode where queries and keys come from
 * @param positions the number of features of a token's position; read in the mode POSITIONAL
 */
public record PositionalConfig(
    int inputs,
    int width,
    int outputs,
    int heads,
    int layers,
    int hidden,
    int depth,
    Mode mode,
    int positions) {

  /** Where queries and keys come from. */
  public enum Mode {
    /** The features of positions alone: the paper's mechanism. */
    POSITIONAL,
    /** The hidden states, as usual. */
    STANDARD,
    /**
     * The hidden states, rotated. As in the official code, by the number of the head, since it
     * gives the rotation its axes in another order.
     */
    ROPE
  }

  /** Checks the sizes. */
  public PositionalConfig {
    if (heads < 1 || width % heads != 0 || depth < 1) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads and depth positive; got width "
              + width
              + ", "
              + heads
              + " heads, depth "
              + depth);
    }
    if (mode == Mode.POSITIONAL && positions < 1) {
      throw new IllegalArgumentException(
          "positions must have at least one feature; got " + positions);
    }
    if (mode == Mode.ROPE && width % 2 != 0) {
      throw new IllegalArgumentException("rotation needs an even width; got " + width);
    }
  }

  /** The width of a head's queries and keys: the full size, not divided by the heads. */
  int keyWidth() {
    return mode == Mode.POSITIONAL ? positions : width;
  }
}
