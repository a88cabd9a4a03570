package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Feature maps that are learned, a projection for each head followed by an activation: Hedgehog
 * (Zhang et al. 2024) and T2R (Kasai et al. 2021).
 *
 * <p>State dict, as in the authors' later code: {@code mlp.layer} (heads, head width, features),
 * {@code mlp.bias} (1, heads, 1, 1) if there is one.
 */
public final class LearnedFeatures extends UnaryBlock {

  private final Config config;
  private final Projection projection;

  /** What follows the projection z. */
  public enum Activations {
    /** softmax(z), softmax(-z): Hedgehog as in LoLCATs. */
    SOFTMAX,
    /** exp(z - max z), exp(min z - z): Hedgehog as in LoLCATs. */
    SHIFTED_EXP,
    /** exp(z), exp(-z): Hedgehog as in the paper. */
    EXP,
    /** 1 + elu(z). */
    ELU,
    /** max(z, 0): T2R. */
    RELU
  }

  /** How a projection starts. */
  public enum Start {
    /** As the identity: what the features are of is the query or key itself. */
    IDENTITY,
    /** Uniformly drawn, PyTorch's {@code kaiming_uniform_}. */
    DRAWN
  }

  /**
   * Sizes and switches.
   *
   * @param heads the number of heads
   * @param headWidth the size of a query or key
   * @param features the size of z
   * @param activation what follows
   * @param bothHalves whether features of -z stand beside those of z, where the activation has them
   * @param skip whether z is the projection plus the query or key itself; starts as zero then, if
   *     as the identity
   * @param bias whether each head has a number added
   * @param start how the projection starts
   * @param least the smallest feature
   */
  public record Config(
      int heads,
      int headWidth,
      int features,
      Activations activation,
      boolean bothHalves,
      boolean skip,
      boolean bias,
      Start start,
      double least) {

    /** Checks the sizes. */
    public Config {
      if (heads < 1 || headWidth < 1 || features < 1) {
        throw new IllegalArgumentException("heads, headWidth and features must be positive");
      }
      if (skip && features != headWidth) {
        throw new IllegalArgumentException(
            "a skip connection needs as many features as the head is wide; got "
                + features
                + " and "
                + headWidth);
      }
    }

    /**
     * Hedgehog that starts as the identity.
     *
     * @param heads the number of heads
     * @param headWidth the size of a query or key
     * @param activation what follows
     * @return the config
     */
    public static Config hedgehog(int heads, int headWidth, Activations activation) {
      return new Config(
          heads, headWidth, headWidth, activation, true, false, false, Start.IDENTITY, 1e-12);
    }
  }

  /**
   * A map.
   *
   * @param config its sizes and switches
   */
  public LearnedFeatures(Config config) {
    this.config = config;
    projection = child("mlp", new Projection(config));
  }

  /**
   * A map that shares another's projection.
   *
   * @param other the other map
   */
  private LearnedFeatures(LearnedFeatures other) {
    config = other.config;
    projection = child("mlp", new Projection(other.projection));
  }

  /**
   * A map with the same weights.
   *
   * @return another block that shares the parameters
   */
  public LearnedFeatures tied() {
    return new LearnedFeatures(this);
  }

  /**
   * Maps queries or keys.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, head width)
   * @return (B, H, L, features), twice as many with both halves
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray projected = projection.forward(pass, x);
    NDArray z = config.skip() ? x.add(projected) : projected;
    return Arithmetic.atLeast(activate(z), config.least());
  }

  private NDArray activate(NDArray z) {
    int[] last = {z.getShape().dimension() - 1};
    return switch (config.activation()) {
      case SOFTMAX -> halves(z.softmax(3), z, n -> n.softmax(3));
      case SHIFTED_EXP ->
          halves(z.sub(z.max(last, true)).exp(), z, n -> n.sub(n.max(last, true)).exp());
      case EXP -> halves(z.exp(), z, NDArray::exp);
      case ELU -> Activation.elu(z, 1f).add(1);
      case RELU -> Activation.relu(z);
    };
  }

  private NDArray halves(NDArray first, NDArray z, UnaryOperator<NDArray> second) {
    return config.bothHalves()
        ? Tensors.concat(new NDList(first, second.apply(z.neg())), 3)
        : first;
  }

  /** x W_h + b_h. */
  private static final class Projection extends UnaryBlock {

    private final Parameter layer;
    private final Parameter bias;

    Projection(Config config) {
      double bound = Math.sqrt(6.0 / ((double) config.headWidth() * config.features()));
      layer =
          parameter(
              "layer",
              config.start() == Start.DRAWN
                  ? Initializers.uniform(bound)
                  : config.skip() ? Initializers.constant(0) : identity(),
              config.heads(),
              config.headWidth(),
              config.features());
      bias =
          config.bias()
              ? parameter(
                  "bias",
                  Initializers.uniform(Math.sqrt(6.0 / config.heads())),
                  1,
                  config.heads(),
                  1,
                  1)
              : null;
    }

    Projection(Projection other) {
      layer = tie("layer", other.layer);
      bias = other.bias == null ? null : tie("bias", other.bias);
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray z = x.matMul(pass.value(layer, x));
      return bias == null ? z : z.add(pass.value(bias, x));
    }

    private static Initializer identity() {
      return Projection::eyes;
    }

    private static NDArray eyes(NDManager manager, Shape shape, DataType type) {
      float[] values = new float[(int) shape.size()];
      int rows = (int) shape.get(1);
      int columns = (int) shape.get(2);
      for (int h = 0; h < shape.get(0); h++) {
        for (int i = 0; i < Math.min(rows, columns); i++) {
          values[(h * rows + i) * columns + i] = 1;
        }
      }
      return manager.create(values, shape).toType(type, false);
    }
  }
}
