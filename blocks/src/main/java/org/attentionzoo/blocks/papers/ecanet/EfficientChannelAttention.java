package org.attentionzoo.blocks.papers.ecanet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Efficient channel attention (Wang et al. 2020, arXiv 1910.03151, equations 7 to 9): each channel
 * is scaled by a gate that sees the means of the k channels around it,
 *
 * <pre>
 *   z = mean of x over height and width
 *   u_c = sum_j w_j z_{c + j - (k-1)/2}
 *   y = x * sigmoid(u)
 * </pre>
 *
 * <p>There is no kernel: the time goes into reading x once for the means and once for the product,
 * and single NDArray operations do just that; both paths are the same.
 *
 * <p>State dict: {@code conv.weight}, (1, 1, k) shared or (C, 1, k) per channel. Initialised as
 * PyTorch's Conv1d. The tap {@code gate} is sigmoid(u), (B, C, 1, 1).
 */
public final class EfficientChannelAttention extends UnaryBlock {

  private static final String GATE = "gate";

  private final EcaConfig config;
  private final Parameter weight;

  /** Only holds the weight under its official name. */
  private static final class Convolution extends ZooBlock {
    private final Parameter weight;

    Convolution(EcaConfig config) {
      int groups = config.perChannel() ? config.channels() : 1;
      weight =
          parameter(
              "weight", Initializers.fanIn(config.kernelSize()), groups, 1, config.kernelSize());
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the owner convolves");
    }
  }

  /**
   * A gate over channels.
   *
   * @param config its size and switches
   */
  public EfficientChannelAttention(EcaConfig config) {
    this.config = config;
    weight = child("conv", new Convolution(config)).weight;
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
    long channels = shape.get(1);
    if (shape.dimension() != 4 || channels != config.channels()) {
      throw new IllegalArgumentException(
          "input " + shape + "; expected (batch, " + config.channels() + ", height, width)");
    }
    int reach = config.kernelSize() / 2;
    NDArray means = x.reshape(shape.get(0), 1, channels, -1).mean(new int[] {3});
    NDArray around = reach == 0 ? means : padded(means, reach);
    NDArray w = pass.value(weight, x);
    NDArray scores;
    if (config.perChannel()) {
      scores = null;
      NDArray taps = w.reshape(channels, config.kernelSize());
      // What is made from a parameter would live as long as the parameter.
      taps.attach(x.getManager());
      for (int tap = 0; tap < config.kernelSize(); tap++) {
        NDArray term = around.get(":, 0, {}:{}", tap, tap + channels).mul(taps.get(":, {}", tap));
        scores = scores == null ? term : scores.add(term);
      }
    } else {
      scores = Conv1d.conv1d(around, w).singletonOrThrow();
    }
    NDArray gate = Activation.sigmoid(scores).reshape(shape.get(0), channels, 1, 1);
    return x.mul(pass.tap(this, GATE, gate));
  }

  private NDArray padded(NDArray means, int reach) {
    Shape shape = means.getShape();
    if (config.circular()) {
      NDArray last = means.get(":, :, {}:", shape.get(2) - reach);
      return last.concat(means, 2).concat(means.get(":, :, :{}", reach), 2);
    }
    NDArray zeros =
        means.getManager().zeros(new Shape(shape.get(0), 1, reach), means.getDataType());
    return zeros.concat(means, 2).concat(zeros, 2);
  }
}
