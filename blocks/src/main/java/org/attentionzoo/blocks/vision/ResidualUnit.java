package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
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
 * A residual unit of ResNet (He et al. 2015, arXiv 1512.03385, figure 5), with a gate at the end of
 * its branch:
 *
 * <pre>
 *   basic       y = relu(x' + gate(bn2(conv2(relu(bn1(conv1(x)))))))
 *   bottleneck  y = relu(x' + gate(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x))))))))))
 * </pre>
 *
 * <p>x' is x, or its 1 x 1 convolution with a batch norm. In a basic unit both convolutions are 3 x
 * 3 and the first has the stride; in a bottleneck they are 1 x 1, 3 x 3 with the stride, and 1 x 1
 * to four times the planes.
 *
 * <p>State dict, as torchvision's {@code BasicBlock} and {@code Bottleneck}: {@code conv1}, {@code
 * bn1}, ..., {@code downsample.0}, {@code downsample.1}, and the gate under its own name.
 * Convolutions start normal with variance 2 / (kernel area * output channels).
 */
public final class ResidualUnit extends UnaryBlock {

  private final List<UnaryBlock> convolutions = new ArrayList<>();
  private final List<UnaryBlock> norms = new ArrayList<>();
  private final UnaryBlock gate;
  private final UnaryBlock downsample;

  /** The form of a unit. */
  public enum Form {
    /** Two 3 x 3 convolutions. */
    BASIC(1),
    /** A 3 x 3 convolution between two 1 x 1 ones, of which the last widens. */
    BOTTLENECK(4);

    private final int expansion;

    Form(int expansion) {
      this.expansion = expansion;
    }

    /**
     * How many times the planes a unit's output has.
     *
     * @return 1 or 4
     */
    public int expansion() {
      return expansion;
    }
  }

  /**
   * A unit.
   *
   * @param form basic or bottleneck
   * @param in input channels
   * @param planes channels inside
   * @param stride the step of the 3 x 3 convolution that has one, and of the shortcut's convolution
   * @param downsample whether the shortcut is convolved; without, input and output must have one
   *     shape
   * @param gates the gate at the end of the branch
   * @param stage the stage of the network, for the gate
   */
  public ResidualUnit(
      Form form,
      int in,
      int planes,
      int stride,
      boolean downsample,
      ChannelGates gates,
      int stage) {
    int out = planes * form.expansion();
    if (!downsample && (in != out || stride != 1)) {
      throw new IllegalArgumentException(
          "a unit from "
              + in
              + " to "
              + out
              + " channels with stride "
              + stride
              + " needs downsample: the shortcut has another shape");
    }
    if (form == Form.BASIC) {
      add(Conv2dConfig.of(in, planes, 3).stride(stride).padding(1));
      add(Conv2dConfig.of(planes, planes, 3).padding(1));
    } else {
      add(Conv2dConfig.of(in, planes, 1));
      add(Conv2dConfig.of(planes, planes, 3).stride(stride).padding(1));
      add(Conv2dConfig.of(planes, out, 1));
    }
    UnaryBlock made = gates.create(stage, out);
    gate = made == null ? null : child(gates.name(), made);
    this.downsample =
        downsample
            ? child(
                "downsample",
                new Sequential(
                    convolution(Conv2dConfig.of(in, out, 1).stride(stride)), new BatchNorm2d(out)))
            : null;
  }

  private void add(Conv2dConfig config) {
    int number = convolutions.size() + 1;
    convolutions.add(child("conv" + number, convolution(config)));
    norms.add(child("bn" + number, new BatchNorm2d(config.out())));
  }

  /** A convolution that starts as He et al. have it. */
  static Conv2d convolution(Conv2dConfig config) {
    long area = (long) config.kernelHeight() * config.kernelWidth();
    return new Conv2d(config, Initializers.normal(Math.sqrt(2.0 / (area * config.out()))));
  }

  /**
   * Adds the branch to the shortcut.
   *
   * @param pass what the pass carries
   * @param x (B, in, H, W)
   * @return (B, planes * expansion, H / stride, W / stride), rounded up
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray branch = x;
    for (int i = 0; i < convolutions.size(); i++) {
      branch = norms.get(i).forward(pass, convolutions.get(i).forward(pass, branch));
      if (i < convolutions.size() - 1) {
        branch = Activation.relu(branch);
      }
    }
    if (gate != null) {
      branch = gate.forward(pass, branch);
    }
    NDArray shortcut = downsample == null ? x : downsample.forward(pass, x);
    Shape shape = shortcut.getShape();
    if (!shape.equals(branch.getShape())) {
      throw new IllegalArgumentException(
          "the branch gives " + branch.getShape() + ", the shortcut " + shape);
    }
    return Activation.relu(branch.add(shortcut));
  }
}
