package org.attentionzoo.models.papers.ecanet;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.ecanet.ChannelReader;

/**
 * The model of the learning check: a gate, a fixed correlation, a projection.
 *
 * @param gate none, se, eca or, as a negative control, eca_positions
 * @param kernelSize k of the ECA gates, odd
 * @param reduction how many times narrower the hidden layer of SE is
 * @param features the values of an image: channels times the square of its height
 * @param channels the number of channels
 * @param outputs the number of outputs
 */
public record ChannelReaderConfig(
    ChannelReader.Gate gate,
    int kernelSize,
    int reduction,
    int features,
    int channels,
    int outputs) {

  /** Checks the values. */
  public ChannelReaderConfig {
    Limits.positive("reduction", reduction);
    Limits.positive("features", features);
    Limits.positive("channels", channels);
    Limits.positive("outputs", outputs);
  }

  /** The height and width of an image. */
  int image() {
    int image = (int) Math.round(Math.sqrt((double) features / channels));
    if (image < 1 || image * image * channels != features) {
      throw new IllegalArgumentException(
          "features is "
              + features
              + "; expected channels="
              + channels
              + " times the square of an image's height");
    }
    return image;
  }
}
