package org.attentionzoo.models.papers.agentattention;

import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.shells.VisionConfig;

/**
 * Sizes of an Agent-DeiT.
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
 * @param agents how many agents each layer has, a square; 0 for a layer of plain softmax attention
 * @param positionBias whether the patterns of agents have learned biases by position
 * @param convolution whether a convolution of the values is added to what agents give
 */
public record AgentDeitConfig(
    int image,
    int channels,
    int patch,
    int classes,
    int width,
    int layers,
    int heads,
    int hidden,
    double dropout,
    List<Integer> agents,
    boolean positionBias,
    boolean convolution) {

  /** Checks the list and the classes; the rest is checked by what is built from it. */
  public AgentDeitConfig {
    Limits.positive("classes", classes);
    agents = List.copyOf(agents);
    if (agents.size() != layers) {
      throw new IllegalArgumentException(
          "agents has "
              + agents.size()
              + " numbers; expected one for each of "
              + layers
              + " layers");
    }
  }

  VisionConfig vision() {
    return new VisionConfig(image, channels, patch, classes, width, layers, hidden, dropout);
  }
}
