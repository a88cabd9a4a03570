package org.attentionzoo.models.papers.ecanet;

import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.ecanet.ChannelAttention;

/**
 * A residual network with a gate at the end of each residual branch.
 *
 * @param attention the gate: none, se, eca, eca_ns or ceca
 * @param kernelSizes for the ECA gates, one odd digit per stage such as 3557, or {@code adaptive}
 * @param bottleneck whether units are bottlenecks
 * @param units how many units each stage has
 * @param width the planes of the first stage
 * @param largeStem whether it begins with a 7 x 7 convolution and a maximum, as for ImageNet, or
 *     with a 3 x 3 convolution, as for CIFAR
 * @param channels the channels of an image
 * @param image the height and width of an image
 * @param classes the number of classes
 */
public record ResNetModelConfig(
    ChannelAttention.Kind attention,
    String kernelSizes,
    boolean bottleneck,
    List<Integer> units,
    int width,
    boolean largeStem,
    int channels,
    int image,
    int classes) {

  /** Checks the values. */
  public ResNetModelConfig {
    Limits.positive("image", image);
  }
}
