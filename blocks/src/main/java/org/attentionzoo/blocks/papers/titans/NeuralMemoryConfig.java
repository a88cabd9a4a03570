package org.attentionzoo.blocks.papers.titans;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of {@link NeuralMemory}. With one head, no limit on gradients, no convolution,
 * no gain, and momentum and forgetting on, it is the memory of the paper's equations.
 *
 * @param width the size of the hidden states; a multiple of heads
 * @param heads how many memories share the width
 * @param depth the number of layers of the memory network, L_M in the paper
 * @param expansion the inner size of the memory network as a multiple of its input's
 * @param chunkSize for how many tokens gradients are taken at the same memory, b in the paper
 * @param maximumRate the learning rate theta is this times a sigmoid
 * @param maximumGradientNorm how long a token's gradient can be, over all layers of the memory: g
 *     becomes m tanh(|g| / m) in length, so that no chunk of alike keys makes the memory diverge; 0
 *     for no limit, as in the paper
 * @param momentum whether past surprise is carried on (eta); without, only momentary surprise
 *     counts
 * @param forgetting whether the memory decays (alpha)
 * @param convolution how many positions the causal convolutions on queries, keys and values see; 0
 *     for none
 * @param queryKeyGain whether normalised queries and keys have a learned gain
 * @param silent whether the memory says nothing but zeros: the control of claims about it
 * @param forgetBias where the bias of the forgetting gate starts; -4 keeps memories for long
 * @param momentumBias where the bias of the momentum gate starts
 * @param rateBias where the bias of the learning rate starts
 */
public record NeuralMemoryConfig(
    int width,
    int heads,
    int depth,
    int expansion,
    int chunkSize,
    double maximumRate,
    double maximumGradientNorm,
    boolean momentum,
    boolean forgetting,
    int convolution,
    boolean queryKeyGain,
    boolean silent,
    double forgetBias,
    double momentumBias,
    double rateBias) {

  /** Checks the sizes. */
  public NeuralMemoryConfig {
    Limits.notNegative("maximumRate", maximumRate);
    Limits.notNegative("maximumGradientNorm", maximumGradientNorm);
    if (width < 1 || heads < 1 || depth < 1 || expansion < 1 || chunkSize < 1 || convolution < 0) {
      throw new IllegalArgumentException(
          "width, heads, depth, expansion and chunkSize must be positive; got width "
              + width
              + ", heads "
              + heads
              + ", depth "
              + depth
              + ", expansion "
              + expansion
              + ", chunkSize "
              + chunkSize);
    }
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got " + width + " and " + heads);
    }
  }

  /**
   * The memory of the paper's equations.
   *
   * @param width the size of the hidden states
   * @param depth the number of layers of the memory network
   * @param expansion the inner size as a multiple of the width
   * @param chunkSize for how many tokens gradients are taken at the same memory
   * @param maximumRate the largest learning rate
   * @return the config
   */
  public static NeuralMemoryConfig paper(
      int width, int depth, int expansion, int chunkSize, double maximumRate) {
    return new NeuralMemoryConfig(
        width,
        1,
        depth,
        expansion,
        chunkSize,
        maximumRate,
        0,
        true,
        true,
        0,
        false,
        false,
        -4,
        0,
        0);
  }

  int headWidth() {
    return width / heads;
  }
}
