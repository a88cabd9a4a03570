package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.BatchNorm2d;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * The unit of MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381, table 1): a 1 x 1 convolution
 * that widens, a 3 x 3 convolution of each channel, a 1 x 1 convolution that narrows, a gate; the
 * input is added if it has the same shape.
 *
 * <p>State dict, as torchvision's first layout: {@code conv.0} and so on, the gate last.
 */
public final class InvertedResidual extends UnaryBlock {

  private final boolean shortcut;
  private final Sequential conv;

  /**
   * A unit.
   *
   * @param in input channels
   * @param out output channels
   * @param stride the step of the 3 x 3 convolution
   * @param expansion how many times wider the inside is, its channels rounded to the nearest
   *     number, halves to the even one; at 1 there is no widening convolution
   * @param gates the gate at the end of the branch
   * @param stage the stage of the network, for the gate
   */
  public InvertedResidual(
      int in, int out, int stride, double expansion, ChannelGates gates, int stage) {
    shortcut = stride == 1 && in == out;
    int hidden = (int) Math.rint(in * expansion);
    List<UnaryBlock> layers = new ArrayList<>();
    if (expansion != 1) {
      layers.add(activated(Conv2dConfig.of(in, hidden, 1)));
    }
    layers.add(
        activated(Conv2dConfig.of(hidden, hidden, 3).stride(stride).padding(1).groups(hidden)));
    layers.add(convolution(Conv2dConfig.of(hidden, out, 1)));
    layers.add(new BatchNorm2d(out));
    UnaryBlock gate = gates.create(stage, out);
    if (gate != null) {
      layers.add(gate);
    }
    conv = child("conv", new Sequential(layers));
  }

  /** Convolution, batch norm and ReLU6. */
  static Sequential activated(Conv2dConfig config) {
    return new Sequential(convolution(config), new BatchNorm2d(config.out()), new Relu6());
  }

  /** PyTorch's {@code kaiming_normal_} with {@code fan_out}, which does not divide by groups. */
  private static Conv2d convolution(Conv2dConfig config) {
    double fanOut = (double) config.out() * config.kernelHeight() * config.kernelWidth();
    return new Conv2d(config, Initializers.normal(Math.sqrt(2 / fanOut)));
  }

  /**
   * Runs the unit.
   *
   * @param pass what the pass carries
   * @param x (B, in, H, W)
   * @return (B, out, H / stride, W / stride), rounded up
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray branch = conv.forward(pass, x);
    return shortcut ? x.add(branch) : branch;
  }
}
