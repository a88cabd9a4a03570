package org.attentionzoo.blocks.papers.terminator;

import java.util.List;

/**
 * Sizes of an {@link SfneBlock}.
 *
 * @param channels its input channels
 * @param factor how many times as many channels it gives; channels times factor is a multiple of 12
 * @param earlier how many outputs of earlier blocks it is given, 0 to 2
 * @param side the side of the square maps
 * @param global the slow net of the global kernel
 * @param local the slow nets of the local kernels
 * @param localSides the odd sides of the four local kernels
 * @param channel the slow net of the channel interaction
 * @param interactChannel the slow net of the channels of the last interaction
 * @param interactSpatial the slow net of the places of the last interaction
 * @param dropout the rate at which whole channels of the output are dropped
 */
public record SfneConfig(
    int channels,
    int factor,
    int earlier,
    int side,
    SlowNetConfig global,
    SlowNetConfig local,
    List<Integer> localSides,
    SlowNetConfig channel,
    SlowNetConfig interactChannel,
    SlowNetConfig interactSpatial,
    double dropout) {

  /** Refuses sizes that do not fit together. */
  public SfneConfig {
    localSides = List.copyOf(localSides);
    if (channels < 1 || factor < 1 || channels * factor % Standardize.GROUPS != 0) {
      throw new IllegalArgumentException(
          channels
              + " channels times "
              + factor
              + " must be a multiple of "
              + Standardize.GROUPS
              + ", the groups of the norm");
    }
    if (localSides.size() != 4 || localSides.stream().anyMatch(s -> s < 1 || s % 2 == 0)) {
      throw new IllegalArgumentException(
          "localSides is " + localSides + "; expected four odd numbers");
    }
    if (earlier < 0 || earlier > 2 || side < 1) {
      throw new IllegalArgumentException("earlier must be 0 to 2 and side at least 1");
    }
  }
}
