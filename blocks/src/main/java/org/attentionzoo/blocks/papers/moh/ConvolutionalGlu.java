package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Linear;

/**
 * TransNeXt's convolutional gated linear unit (Shi 2024, section 3.4): W2 (gelu(conv(a)) v), a and
 * v being the halves of W1 x + b1 and conv a depthwise convolution of 3 by 3 on the grid.
 *
 * <p>State dict: {@code fc1} (2 hidden, width), {@code dwconv.dwconv}, {@code fc2}.
 */
public final class ConvolutionalGlu extends UnaryBlock {

  private final int height;
  private final int width;
  private final int hidden;
  private final Linear fc1;
  private final Conv2d convolution;
  private final Linear fc2;

  /**
   * A unit.
   *
   * @param channels the size of the hidden states
   * @param hidden the size of each half
   * @param height the rows of the grid
   * @param width its columns
   */
  public ConvolutionalGlu(int channels, int hidden, int height, int width) {
    this.height = height;
    this.width = width;
    this.hidden = hidden;
    fc1 = child("fc1", new Linear(channels, 2L * hidden));
    convolution = child("dwconv", new Depthwise(hidden)).convolution;
    fc2 = child("fc2", new Linear(hidden, channels));
  }

  /**
   * Transforms the tokens of a grid, given row by row.
   *
   * @param pass what the pass carries
   * @param x (B, height width, channels)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDList both = fc1.forward(pass, x).split(2, 2);
    NDArray map = both.get(0).transpose(0, 2, 1).reshape(shape.get(0), hidden, height, width);
    NDArray gate =
        Activation.gelu(convolution.forward(pass, map))
            .reshape(shape.get(0), hidden, shape.get(1))
            .transpose(0, 2, 1);
    return fc2.forward(pass, gate.mul(both.get(1)));
  }

  /** The official module around the convolution. */
  private static final class Depthwise extends UnaryBlock {
    private final Conv2d convolution;

    Depthwise(int channels) {
      convolution =
          child(
              "dwconv",
              new Conv2d(
                  Conv2dConfig.of(channels, channels, 3).padding(1).groups(channels).withBias()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return convolution.forward(pass, x);
    }
  }
}
