package org.attentionzoo.blocks.vision;

import java.util.List;

/**
 * The size of a {@link ResNet}.
 *
 * @param stem how it begins
 * @param form basic units or bottlenecks
 * @param units how many units each stage has
 * @param width the planes of the first stage; each further stage has twice as many
 * @param channels the channels of an image
 * @param classes the number of classes
 */
public record ResNetConfig(
    Stem stem, ResidualUnit.Form form, List<Integer> units, int width, int channels, int classes) {

  /** How a network begins. */
  public enum Stem {
    /** A 7 x 7 convolution and a 3 x 3 maximum, both with stride 2. */
    LARGE,
    /** A 3 x 3 convolution with stride 1, for images of 32 x 32. */
    SMALL
  }

  /** Refuses networks without layers. */
  public ResNetConfig {
    units = List.copyOf(units);
    if (units.isEmpty() || units.stream().anyMatch(u -> u < 1)) {
      throw new IllegalArgumentException("units " + units + "; each stage needs at least 1");
    }
    if (width < 1 || channels < 1 || classes < 1) {
      throw new IllegalArgumentException(
          "width, channels and classes must be at least 1, are "
              + width
              + ", "
              + channels
              + " and "
              + classes);
    }
  }
}
