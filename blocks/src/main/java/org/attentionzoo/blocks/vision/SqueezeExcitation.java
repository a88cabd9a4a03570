package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * Squeeze and excitation (Hu et al. 2018, arXiv 1709.01507, equations 2 to 4): each channel is
 * scaled by a gate that sees the means of all channels through a narrow network,
 *
 * <pre>
 *   z = mean of x over height and width
 *   y = x * sigmoid(W2 relu(W1 z))
 * </pre>
 *
 * <p>State dict, as in moskomule/senet.pytorch: {@code fc.0.weight} (C / r, C), {@code fc.2.weight}
 * (C, C / r), without biases, with which an SE-ResNet-50 has the 26.77 * 2^20 parameters that the
 * ECA paper compares with. The tap {@code gate} is the sigmoid, (B, C, 1, 1).
 */
public final class SqueezeExcitation extends UnaryBlock {

  private static final String GATE = "gate";

  private final int channels;
  private final Sequential fc;

  /**
   * A gate over channels.
   *
   * @param channels the number of channels C
   * @param reduction r, how many times narrower the hidden layer is; it has at least one unit
   */
  public SqueezeExcitation(int channels, int reduction) {
    if (channels < 1 || reduction < 1) {
      throw new IllegalArgumentException(
          channels + " channels with a reduction of " + reduction + "; expected at least 1");
    }
    this.channels = channels;
    int hidden = Math.max(1, channels / reduction);
    fc =
        child(
            "fc",
            new Sequential(
                new Linear(channels, hidden, false),
                new Relu(),
                new Linear(hidden, channels, false)));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(GATE);
  }

  /**
   * Scales channels.
   *
   * @param pass what the pass carries
   * @param x (B, C, H, W)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    if (shape.dimension() != 4 || shape.get(1) != channels) {
      throw new IllegalArgumentException(
          "input " + shape + "; expected (batch, " + channels + ", height, width)");
    }
    NDArray gate = Activation.sigmoid(fc.forward(pass, Pooling.globalAverage(x)));
    return x.mul(pass.tap(this, GATE, gate.reshape(shape.get(0), channels, 1, 1)));
  }
}
