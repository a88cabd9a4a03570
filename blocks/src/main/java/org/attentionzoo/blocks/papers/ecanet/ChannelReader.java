package org.attentionzoo.blocks.papers.ecanet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.vision.SqueezeExcitation;

/**
 * The least network in which a channel gate can be useful: a gate, the correlation of each channel
 * with a fixed checkerboard of 1 and 0 (1 where row + column is even), a linear projection. What
 * spoils a channel can be suppressed by the gate only.
 *
 * <p>State dict: {@code gate...}, {@code pattern} (H W), a buffer, {@code fc.weight}, {@code
 * fc.bias}.
 */
public final class ChannelReader extends UnaryBlock {

  private final int channels;
  private final int image;
  private final UnaryBlock gate;
  private final Parameter pattern;
  private final Linear fc;

  /** What stands before the correlation. */
  public enum Gate {
    /** Nothing. */
    NONE,
    /** Squeeze and excitation. */
    SE,
    /** Efficient channel attention. */
    ECA,
    /**
     * The same layer over the wrong axis: positions are taken for channels. A negative control: it
     * has as many parameters and can find no channel.
     */
    ECA_POSITIONS
  }

  /** Runs a gate over positions as if they were channels. */
  private static final class OverPositions extends UnaryBlock {
    private final UnaryBlock gate;

    OverPositions(UnaryBlock gate) {
      this.gate = child("layer", gate);
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      Shape shape = x.getShape();
      long batch = shape.get(0);
      long channels = shape.get(1);
      NDArray turned = x.reshape(batch, channels, -1, 1).swapAxes(1, 2);
      return gate.forward(pass, turned).swapAxes(1, 2).reshape(shape);
    }
  }

  /**
   * A reader.
   *
   * @param kind what stands before the correlation
   * @param kernelSize k of the ECA kinds, odd
   * @param reduction how many times narrower the hidden layer of SE is
   * @param channels the number of channels C
   * @param image the height and width of an image
   * @param outputs the number of outputs
   */
  public ChannelReader(
      Gate kind, int kernelSize, int reduction, int channels, int image, int outputs) {
    this.channels = channels;
    this.image = image;
    UnaryBlock made =
        switch (kind) {
          case NONE -> null;
          case SE -> new SqueezeExcitation(channels, reduction);
          case ECA -> new EfficientChannelAttention(EcaConfig.of(channels, kernelSize));
          case ECA_POSITIONS ->
              new OverPositions(
                  new EfficientChannelAttention(EcaConfig.of(image * image, kernelSize)));
        };
    gate = made == null ? null : child("gate", made);
    pattern =
        buffer("pattern", (manager, shape, type) -> pattern(manager, image, type), image * image);
    fc = child("fc", new Linear(channels, outputs));
  }

  /** The checkerboard over the sum of its squares, so that a correlation is its amplitude. */
  private static NDArray pattern(NDManager manager, int image, DataType type) {
    float[] values = new float[image * image];
    int ones = (values.length + 1) / 2;
    for (int at = 0; at < values.length; at++) {
      values[at] = (at / image + at % image) % 2 == 0 ? 1f / ones : 0;
    }
    return manager.create(values).toType(type, false);
  }

  /**
   * Reads the channels' amplitudes.
   *
   * @param pass what the pass carries
   * @param x (B, C H W) images, channel by channel
   * @return (B, outputs)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    long batch = x.getShape().get(0);
    NDArray images = x.reshape(batch, channels, image, image);
    NDArray gated = gate == null ? images : gate.forward(pass, images);
    NDArray amplitudes =
        gated.reshape(batch, channels, -1).mul(pass.value(pattern, x)).sum(new int[] {2});
    return fc.forward(pass, amplitudes);
  }
}
