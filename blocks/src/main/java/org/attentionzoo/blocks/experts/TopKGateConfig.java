package org.attentionzoo.blocks.experts;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of a {@link TopKGate}.
 *
 * @param width the size of a token
 * @param experts the number of experts
 * @param chosen how many a token goes to
 * @param sampled how many of those are drawn at random in training; 0 for none
 * @param kind how logits are computed
 * @param hidden the inner size of the gate; not used if it is linear
 * @param dropout the rate within the gate's network
 * @param loss what keeps the experts in use
 * @param lossWeight its factor; 0 for none
 * @param capacityFactor an expert takes at most this times N k / experts of N tokens; 0 for all
 */
public record TopKGateConfig(
    int width,
    int experts,
    int chosen,
    int sampled,
    Kind kind,
    int hidden,
    double dropout,
    Loss loss,
    double lossWeight,
    double capacityFactor) {

  /** How logits are computed. */
  public enum Kind {
    /** W2 gelu(W1 x + b1). */
    MLP,
    /** W x. */
    LINEAR,
    /** exp(temperature) cosine(W x, centroid). */
    COSINE
  }

  /** What keeps the experts in use. */
  public enum Loss {
    /** Minus the mutual information of tokens and experts (Shen et al. 2023, equation 5). */
    MUTUAL_INFORMATION,
    /** That of the Switch Transformer (Fedus et al. 2021) and a tenth of the z-loss. */
    SWITCH,
    /** The entropy of the load: tokens gather at few experts (Shen et al. 2023, equation 7). */
    CONCENTRATION
  }

  /** Checks the sizes. */
  public TopKGateConfig {
    Limits.rate("dropout", dropout);
    if (width < 1 || experts < 1 || hidden < 1) {
      throw new IllegalArgumentException(
          "width, experts and hidden must be positive; got "
              + width
              + ", "
              + experts
              + ", "
              + hidden);
    }
    if (chosen < 1 || chosen > experts || sampled < 0 || sampled > chosen) {
      throw new IllegalArgumentException(
          "a token goes to 1.."
              + experts
              + " experts, of which at most all are sampled; got "
              + chosen
              + " and "
              + sampled
              + " sampled");
    }
    if (capacityFactor < 0) {
      throw new IllegalArgumentException(
          "capacityFactor is 0 for no limit or positive; got " + capacityFactor);
    }
  }
}
