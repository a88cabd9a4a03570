package org.attentionzoo.models.papers.inlineattention;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.inlineattention.FeatureKernel;
import org.attentionzoo.blocks.shells.VisionConfig;

/**
 * Sizes of an InLine-DeiT and of its baselines.
 *
 * @param image the side of the square images, in pixels; a multiple of patch
 * @param channels the number of colour channels
 * @param patch the side of a square patch, in pixels
 * @param classes the number of classes
 * @param width the size of the hidden states; a multiple of heads
 * @param layers the number of layers
 * @param heads the number of heads
 * @param hidden the inner size of the feed-forward networks
 * @param dropout the rate on embeddings and residual branches
 * @param attention how tokens see each other
 * @param kernel the feature map of queries and keys; does not act with softmax
 * @param localResidual whether a predicted convolution of the values is added; does not act with
 *     softmax
 */
public record InLineDeitConfig(
    int image,
    int channels,
    int patch,
    int classes,
    int width,
    int layers,
    int heads,
    int hidden,
    double dropout,
    Normalizer attention,
    FeatureKernel kernel,
    boolean localResidual) {

  /** Checks the classes; the rest is checked by what is built from it. */
  public InLineDeitConfig {
    Limits.positive("classes", classes);
  }

  /** How the weights of a row come to the sum 1. */
  public enum Normalizer {
    /** By subtraction: the paper's. */
    INLINE,
    /** By division: linear attention, the paper's baseline. */
    LINEAR,
    /** By the exponential function and division: plain attention. */
    SOFTMAX
  }

  VisionConfig vision() {
    return new VisionConfig(image, channels, patch, classes, width, layers, hidden, dropout);
  }
}
