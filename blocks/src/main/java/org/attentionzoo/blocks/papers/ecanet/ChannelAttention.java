package org.attentionzoo.blocks.papers.ecanet;

import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.vision.ChannelGates;
import org.attentionzoo.blocks.vision.SqueezeExcitation;

/**
 * The gates that the paper compares.
 *
 * @param kind which one
 * @param kernelSizes k of each stage for the ECA kinds: one odd digit per stage such as {@code
 *     3557}, or {@code adaptive} for the paper's equation 12
 */
public record ChannelAttention(Kind kind, String kernelSizes) implements ChannelGates {

  /** The value of {@code kernelSizes} that lets k follow from the number of channels. */
  public static final String ADAPTIVE = "adaptive";

  private static final int REDUCTION = 16;

  /** A kind of gate. */
  public enum Kind {
    /** No gate: the plain network. */
    NONE,
    /** Squeeze and excitation with reduction 16. */
    SE,
    /** Efficient channel attention. */
    ECA,
    /** ECA with a kernel of its own for each channel (the paper's ECA-NS). */
    ECA_NS,
    /** ECA whose last channel's neighbour is the first (timm's CECA). */
    CECA
  }

  /** Refuses kernel sizes that are neither digits nor adaptive. */
  public ChannelAttention {
    if (!kernelSizes.equals(ADAPTIVE) && !kernelSizes.matches("[13579]+")) {
      throw new IllegalArgumentException(
          "kernelSizes is '"
              + kernelSizes
              + "'; expected one odd digit per stage, such as 3557, or "
              + ADAPTIVE);
    }
  }

  /**
   * Refuses kernel sizes that are not one per stage.
   *
   * @param stages how many stages the network has
   * @return this
   * @throws IllegalArgumentException if there are more or fewer digits than stages
   */
  public ChannelAttention forStages(int stages) {
    if (!kernelSizes.equals(ADAPTIVE) && kernelSizes.length() != stages) {
      throw new IllegalArgumentException(
          "kernelSizes is '"
              + kernelSizes
              + "', but the network has "
              + stages
              + " stages; expected that many odd digits, or "
              + ADAPTIVE);
    }
    return this;
  }

  /** {@inheritDoc} */
  @Override
  public String name() {
    return kind == Kind.SE ? "se" : "eca";
  }

  /** {@inheritDoc} */
  @Override
  public UnaryBlock create(int stage, int channels) {
    return switch (kind) {
      case NONE -> null;
      case SE -> new SqueezeExcitation(channels, REDUCTION);
      case ECA, ECA_NS, CECA ->
          new EfficientChannelAttention(
              new EcaConfig(
                  channels, kernelSize(stage, channels), kind == Kind.CECA, kind == Kind.ECA_NS));
    };
  }

  private int kernelSize(int stage, int channels) {
    return kernelSizes.equals(ADAPTIVE)
        ? EcaConfig.adaptive(channels).kernelSize()
        : kernelSizes.charAt(stage) - '0';
  }
}
