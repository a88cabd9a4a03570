package org.attentionzoo.models.papers.terminator;

import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.terminator.SfneConfig;
import org.attentionzoo.blocks.papers.terminator.SlowNetConfig;
import org.attentionzoo.blocks.papers.terminator.Terminator;

/**
 * Sizes of a Terminator.
 *
 * @param image the side of the square images, in pixels
 * @param channels the number of colour channels
 * @param classes the number of classes
 * @param factors how many times more channels each block gives than it is given; at most 5 blocks
 * @param globalHidden the hidden channels of the slow nets of global kernels
 * @param globalLayers their layers in each block
 * @param localHidden the hidden channels of the slow nets of local kernels
 * @param localLayers their layers
 * @param localSides the odd sides of the four local kernels
 * @param channelHidden the hidden channels of the slow nets over channels
 * @param interactHidden those of the last interaction's
 * @param interactLayers the layers of both, and of the slow nets over places
 * @param spatialHidden the hidden channels of the slow nets over places
 * @param frequency omega, the scale of the slow nets' frequencies
 * @param slowLossWeight the factor of the slow neural loss
 * @param dropout the rate at which channels of all blocks but the first are dropped
 */
public record TerminatorConfig(
    int image,
    int channels,
    int classes,
    List<Integer> factors,
    int globalHidden,
    List<Integer> globalLayers,
    int localHidden,
    int localLayers,
    List<Integer> localSides,
    int channelHidden,
    int interactHidden,
    int interactLayers,
    int spatialHidden,
    double frequency,
    double slowLossWeight,
    double dropout) {

  /** Copies the lists and compares their lengths. */
  public TerminatorConfig {
    Limits.positive("channels", channels);
    Limits.positive("classes", classes);
    Limits.notNegative("slowLossWeight", slowLossWeight);
    Limits.rate("dropout", dropout);
    factors = List.copyOf(factors);
    globalLayers = List.copyOf(globalLayers);
    localSides = List.copyOf(localSides);
    if (factors.size() != globalLayers.size() || factors.size() > Terminator.MOST_BLOCKS) {
      throw new IllegalArgumentException(
          factors.size()
              + " factors and "
              + globalLayers.size()
              + " globalLayers; expected as many, at most "
              + Terminator.MOST_BLOCKS);
    }
  }

  Terminator build() {
    List<SfneConfig> blocks = new ArrayList<>();
    int width = channels;
    for (int block = 0; block < factors.size(); block++) {
      blocks.add(
          new SfneConfig(
              width,
              factors.get(block),
              Terminator.earlier(block),
              image,
              new SlowNetConfig(globalHidden, globalLayers.get(block), frequency),
              new SlowNetConfig(localHidden, localLayers, frequency),
              localSides,
              new SlowNetConfig(channelHidden, interactLayers, frequency),
              new SlowNetConfig(interactHidden, interactLayers, frequency),
              new SlowNetConfig(spatialHidden, interactLayers, frequency),
              block == 0 ? 0 : dropout));
      width *= factors.get(block);
    }
    return new Terminator(blocks, classes, slowLossWeight);
  }
}
