package org.attentionzoo.blocks.papers.agentattention;

/**
 * Sizes and switches of {@link AgentAttention}.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads the number of heads
 * @param agents the number of agents, a square
 * @param side the side of the square grid of patches
 * @param classToken whether a class token stands before the patches
 * @param reduction 0 for queries, keys and values from one projection; else they have projections
 *     of their own, and keys and values come from a grid whose sides are this many times shorter
 * @param queryKeyValueBias whether queries, keys and values have a bias
 * @param positionBias whether both patterns have learned biases by position
 * @param convolution whether the values' convolution is added
 */
public record AgentConfig(
    int width,
    int heads,
    int agents,
    int side,
    boolean classToken,
    int reduction,
    boolean queryKeyValueBias,
    boolean positionBias,
    boolean convolution) {

  /** Refuses sizes that do not fit together. */
  public AgentConfig {
    if (heads < 1 || width < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and heads " + heads);
    }
    long root = Math.round(Math.sqrt(agents));
    if (agents < 1 || root * root != agents) {
      throw new IllegalArgumentException(
          "agents is " + agents + "; they stand on a square grid: 1, 4, 9, 16, 25, 36, 49, ...");
    }
    if (side < 1 || reduction < 0 || (reduction > 1 && side / reduction < 1)) {
      throw new IllegalArgumentException(
          "a grid of side " + side + " cannot be reduced " + reduction + " times");
    }
    if (classToken && reduction > 0) {
      throw new IllegalArgumentException("with a class token keys and values are not reduced");
    }
  }

  /**
   * The form of Agent-DeiT: a class token, one projection.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param agents the number of agents
   * @param side the side of the grid of patches
   * @return the config, with biases and convolution
   */
  public static AgentConfig deit(int width, int heads, int agents, int side) {
    return new AgentConfig(width, heads, agents, side, true, 0, true, true, true);
  }

  int agentSide() {
    return (int) Math.round(Math.sqrt(agents));
  }

  int keySide() {
    return reduction > 1 ? side / reduction : side;
  }

  int headWidth() {
    return width / heads;
  }
}
