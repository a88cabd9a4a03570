package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.BatchNorm2d;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * ResNet (He et al. 2015, arXiv 1512.03385, table 1 and section 4.2) with any gate in its residual
 * units: stem, stages of units of which each but the first halves the image and doubles the
 * channels, mean over the image, linear classifier. Shortcuts that change shape are 1 x 1
 * convolutions, in small networks too (the paper's option B).
 *
 * <p>State dict, as torchvision's: {@code conv1}, {@code bn1}, {@code layer1.0...}, {@code fc}.
 */
public final class ResNet extends UnaryBlock {

  private final boolean largeStem;
  private final int width;
  private final Conv2d conv1;
  private final BatchNorm2d bn1;
  private final List<Sequential> stages = new ArrayList<>();
  private final Linear fc;

  /**
   * A network.
   *
   * @param config its size
   * @param gates the gates of the residual units
   */
  public ResNet(ResNetConfig config, ChannelGates gates) {
    largeStem = config.stem() == ResNetConfig.Stem.LARGE;
    width = config.width();
    Conv2dConfig stem =
        largeStem
            ? Conv2dConfig.of(config.channels(), config.width(), 7).stride(2).padding(3)
            : Conv2dConfig.of(config.channels(), config.width(), 3).padding(1);
    conv1 = child("conv1", ResidualUnit.convolution(stem));
    bn1 = child("bn1", new BatchNorm2d(config.width()));
    int in = config.width();
    for (int stage = 0; stage < config.units().size(); stage++) {
      int planes = config.width() << stage;
      int out = planes * config.form().expansion();
      List<ResidualUnit> units = new ArrayList<>();
      for (int unit = 0; unit < config.units().get(stage); unit++) {
        int stride = stage > 0 && unit == 0 ? 2 : 1;
        boolean downsample = stride != 1 || in != out;
        units.add(new ResidualUnit(config.form(), in, planes, stride, downsample, gates, stage));
        in = out;
      }
      stages.add(child("layer" + (stage + 1), new Sequential(units)));
    }
    fc = child("fc", new Linear(in, config.classes()));
  }

  /**
   * Classifies images.
   *
   * @param pass what the pass carries
   * @param x (B, channels, H, W)
   * @return logits (B, classes)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray images = ChannelsLast.of(pass, x, width, largeStem ? 2 : 1);
    NDArray hidden = Activation.relu(bn1.forward(pass, conv1.forward(pass, images)));
    if (largeStem) {
      hidden = Pooling.max(hidden, 3, 2, 1);
    }
    for (int stage = 0; stage < stages.size(); stage++) {
      NDArray arranged = ChannelsLast.of(pass, hidden, width << stage, stage == 0 ? 1 : 2);
      hidden = pass.segment(arranged, stages.get(stage)::forward);
    }
    return fc.forward(pass, Pooling.globalAverage(hidden));
  }
}
