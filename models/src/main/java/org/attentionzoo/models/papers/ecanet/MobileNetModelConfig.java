package org.attentionzoo.models.papers.ecanet;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;

/**
 * A MobileNetV2 with a gate at the end of each unit's branch.
 *
 * @param attention the gate: none, se, eca, eca_ns or ceca
 * @param kernelSizes for the ECA gates, one odd digit for each of the seven rows of the network's
 *     table, such as 1111333, or {@code adaptive}
 * @param widthFactor what the table's widths are multiplied by
 * @param dropout the rate before the classifier
 * @param channels the channels of an image
 * @param image the height and width of an image
 * @param classes the number of classes
 */
public record MobileNetModelConfig(
    ChannelAttention.Kind attention,
    String kernelSizes,
    double widthFactor,
    double dropout,
    int channels,
    int image,
    int classes) {

  /** Checks the values. */
  public MobileNetModelConfig {
    Limits.positive("channels", channels);
    Limits.positive("image", image);
    Limits.positive("classes", classes);
    Limits.rate("dropout", dropout);
  }
}
