package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.vision.Resampling;

/**
 * A multiplicative anisotropic Gabor network on the coordinates of a kernel (Zhang 2024, section
 * 3.1):
 *
 * <pre>
 *   f_l = sin(W_l coordinates + b_l),   h_0 = f_0,   h_l = f_l * Linear_l(h_(l-1)) + p
 *   kernel = Linear(h_L)
 * </pre>
 *
 * <p>Its local form depends on the context, the mean over the batch of the input pooled to the
 * kernel's size: after each layer h becomes stop(h) + h / |h| / 10, |h| over each channel, times
 * Linear(context). Only the second term has a gradient.
 *
 * <p>State dict: {@code linears.0}, ..., {@code output_linear}, {@code filters.0.linear}, ...,
 * {@code bias_p} (1, 1, side...), in the local form {@code bias_pk}, {@code fast_reduce}, {@code
 * fast_fc1} and {@code fast_linears_x.0}, .... Two constants of the local form, 1 and 1/10, are
 * vectors in the official code that are never trained nor saved.
 */
final class MagNet extends UnaryBlock {

  private static final double KEPT = 0.1;
  private static final double SMALLEST_SQUARE = 1e-24;
  private static final double SHAPE = 6;

  private final int side;
  private final int dimensions;
  private final ModuleList<Pointwise> linears;
  private final Pointwise output;
  private final ModuleList<Filter> filters;
  private final Parameter bias;
  private final Pointwise reduce;
  private final Pointwise context;
  private final ModuleList<Pointwise> contextLinears;

  /** A filter's linear map of coordinates. */
  private static final class Filter extends UnaryBlock {
    private final Pointwise linear;

    Filter(int dimensions, int hidden, Initializer start) {
      linear = child("linear", new Pointwise(dimensions, hidden, dimensions, start, 0));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return linear.forward(pass, x).sin();
    }
  }

  MagNet(SlowNetConfig config, int side, int dimensions, int channels, boolean local) {
    this.side = side;
    this.dimensions = dimensions;
    int hidden = config.hidden();
    int layers = config.layers();
    long places = dimensions == 1 ? side : (long) side * side;
    linears = child("linears", linears(hidden, layers, dimensions));
    double scale = Math.sqrt(3.0 / hidden / places);
    output =
        child(
            "output_linear",
            new Pointwise(hidden, channels, dimensions, Initializers.uniform(scale), 0));
    List<Filter> all = new ArrayList<>();
    for (int layer = 0; layer <= layers; layer++) {
      all.add(new Filter(dimensions, hidden, frequencies(config.frequency(), layer, dimensions)));
    }
    filters = child("filters", new ModuleList<>(all));
    long[] place = dimensions == 1 ? new long[] {1, 1, side} : new long[] {1, 1, side, side};
    bias = parameter(local ? "bias_pk" : "bias_p", Initializers.constant(0), place);
    Initializer channelStart = Initializers.fanIn(channels);
    reduce =
        local
            ? child("fast_reduce", new Pointwise(channels, hidden, dimensions, channelStart, 0))
            : null;
    context =
        local
            ? child(
                "fast_fc1",
                new Pointwise(hidden, hidden, dimensions, Initializers.fanIn(hidden), 0))
            : null;
    contextLinears = local ? child("fast_linears_x", linears(hidden, layers, dimensions)) : null;
  }

  private static ModuleList<Pointwise> linears(int hidden, int count, int dimensions) {
    List<Pointwise> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(new Pointwise(hidden, hidden, dimensions, Pointwise.kaimingUniform(hidden), 1));
    }
    return new ModuleList<>(all);
  }

  /**
   * PyTorch's uniform start of a convolution times 2 pi omega gamma, gamma from the Gamma
   * distribution of shape 6 / (layer + 1), rounded down to halves, and rate 1.
   */
  private static Initializer frequencies(double omega, int layer, int dimensions) {
    int halves = Math.max(1, (int) (2 * SHAPE / (layer + 1)));
    return (manager, shape, type) -> {
      NDArray gamma = manager.zeros(shape, type);
      for (int i = 0; i < halves / 2; i++) {
        NDArray uniform = manager.randomUniform(0, 1, shape, type);
        gamma.addi(uniform.neg().add(1).log().neg());
        uniform.close();
      }
      if (halves % 2 == 1) {
        gamma.addi(Arithmetic.times(manager.randomNormal(0, 1, shape, type).square(), 0.5));
      }
      float bound = (float) (1 / Math.sqrt(dimensions));
      NDArray start = manager.randomUniform(-bound, bound, shape, type);
      return Arithmetic.times(start.mul(gamma), 2 * Math.PI * omega);
    };
  }

  /** The input (B, channels, H, W), read in the local form alone, to (1, channels, places). */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray coordinates = coordinates(x);
    NDArray added =
        pass.value(bias, x).reshape(new Shape(1, 1, dimensions == 1 ? side : side * side));
    added.attach(x.getManager());
    NDArray seen = reduce == null ? null : seen(pass, x);
    NDArray hidden = filters.get(0).forward(pass, coordinates);
    for (int layer = 1; layer < filters.size(); layer++) {
      NDArray filter = filters.get(layer).forward(pass, coordinates);
      hidden = filter.mul(linears.get(layer - 1).forward(pass, hidden)).add(added);
      if (seen != null) {
        hidden = renormalized(hidden).mul(contextLinears.get(layer - 1).forward(pass, seen));
      }
    }
    return output.forward(pass, hidden);
  }

  /** (1, dimensions, places): from -1 to 1, the first coordinate growing slowest. */
  private NDArray coordinates(NDArray like) {
    NDArray index = like.getManager().arange(0, side, 1, DataType.FLOAT32, like.getDevice());
    NDArray line = side == 1 ? index.sub(1) : Arithmetic.times(index, 2.0 / (side - 1)).sub(1);
    NDArray typed = line.toType(like.getDataType(), false);
    if (dimensions == 1) {
      return typed.reshape(1, 1, side);
    }
    Shape all = new Shape(side, side);
    NDArray down = typed.reshape(side, 1).broadcast(all).reshape(1, 1, (long) side * side);
    NDArray right = typed.reshape(1, side).broadcast(all).reshape(1, 1, (long) side * side);
    return down.concat(right, 1);
  }

  /** (1, hidden, places). */
  private NDArray seen(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray down = Resampling.adaptiveMean(x, (int) shape.get(2), side);
    NDArray across = Resampling.adaptiveMean(x, (int) shape.get(3), side);
    NDArray flat = x.reshape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3));
    NDArray pooled = flat.matMul(Resampling.grid(down, across).transpose());
    NDArray mean = reduce.forward(pass, pooled).mean(new int[] {0}, true);
    return Activation.gelu(context.forward(pass, mean));
  }

  private static NDArray renormalized(NDArray x) {
    NDArray square = Arithmetic.atLeast(x.square().sum(new int[] {2}, true), SMALLEST_SQUARE);
    return x.stopGradient().add(Arithmetic.times(x.div(square.sqrt()), KEPT));
  }
}
