package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * The multi-dimensional damped exponential moving average of Mega (Ma et al. 2022, equations 4 and
 * 5) as SeqBoat uses it. With p = sigmoid(delta) and q = 1 - p sigmoid(alpha), each channel has n
 * averages h_t = p beta x_t + q h_{t-1} and gives y_t = sum_n gamma h_t / sqrt(n) + omega x_t.
 *
 * <p>A whole sequence goes chunk by chunk: within one by a product with the response to an impulse,
 * from one to the next by the averages themselves, which a decode cache carries on too.
 * Bidirectional, a second set of averages runs backwards from the token itself, so that lag 0
 * counts in both. With a truncation, lags from it on do not count, a sequence is convolved by
 * Fourier transforms, and the cache holds inputs instead of averages.
 *
 * <p>Padded tokens contribute nothing to others. State dict: {@code delta}, {@code alpha}, {@code
 * beta} (kD, n, 1), {@code gamma} (kD, n), {@code omega} (D); k is 2 if bidirectional.
 */
public final class MultiHeadEma extends MixerBlock {

  static final KernelLibrary KERNELS = KernelLibrary.of(MultiHeadEma.class, "seqboat.torchscript");

  private final int width;
  private final int averages;
  private final boolean bidirectional;
  private final int truncation;
  private final Parameter delta;
  private final Parameter alpha;
  private final Parameter beta;
  private final Parameter gamma;
  private final Parameter omega;

  /**
   * A moving average.
   *
   * @param width D, channels
   * @param averages n, averages a channel
   * @param bidirectional whether tokens see later ones
   * @param truncation how many lags count; 0 for all
   */
  public MultiHeadEma(int width, int averages, boolean bidirectional, int truncation) {
    this.width = width;
    this.averages = averages;
    this.bidirectional = bidirectional;
    this.truncation = truncation;
    int channels = bidirectional ? 2 * width : width;
    delta = parameter("delta", TruncatedNormal.of(0.2), channels, averages, 1);
    alpha = parameter("alpha", TruncatedNormal.of(0.2), channels, averages, 1);
    beta = parameter("beta", alternating(), channels, averages, 1);
    gamma = parameter("gamma", TruncatedNormal.of(1), channels, averages);
    omega = parameter("omega", TruncatedNormal.of(1), width);
  }

  /** 1, -1, 1, ... along the averages, with noise. */
  private static Initializer alternating() {
    return (manager, shape, type) -> {
      NDArray sign =
          Arithmetic.times(manager.arange(0, (int) shape.get(1), 1, DataType.INT64).mod(2), -2)
              .add(1);
      NDArray noise = TruncatedNormal.of(0.02).initialize(manager, shape, type);
      return noise.add(sign.toType(type, false).reshape(1, shape.get(1), 1));
    };
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray x = sequences.withoutPadding(hidden);
    Coefficients c =
        new Coefficients(
            pass.value(delta, x), pass.value(alpha, x), pass.value(beta, x), pass.value(gamma, x));
    NDArray averaged = pass.cache() == null ? whole(pass, x, c) : continued(pass, x, c);
    return averaged.add(hidden.mul(pass.value(omega, x)));
  }

  private NDArray whole(Pass pass, NDArray x, Coefficients c) {
    long length = x.getShape().get(1);
    return average(pass, x, c, truncation == 0 ? length : Math.min(length, truncation));
  }

  private NDArray average(Pass pass, NDArray x, Coefficients c, long lags) {
    return pass.kernels(x) ? fast(x, c, lags, bidirectional) : plain(x, c, lags, bidirectional);
  }

  private NDArray continued(Pass pass, NDArray x, Coefficients c) {
    if (bidirectional) {
      throw new IllegalStateException("a bidirectional moving average cannot continue a sequence");
    }
    DecodeState state = pass.cache().of(this);
    NDManager manager = x.getManager();
    long batch = x.getShape().get(0);
    if (truncation == 1) {
      return average(pass, x, c, 1);
    }
    if (truncation > 1) {
      NDArray past = state.borrow("inputs", x);
      if (past == null) {
        past = manager.zeros(new Shape(batch, truncation - 1, width), x.getDataType());
      }
      NDArray joined = NDArrays.concat(new NDList(past, x), 1);
      state.put("inputs", joined.get(":, {}:", x.getShape().get(1)));
      return average(pass, joined, c, truncation).get(":, {}:", truncation - 1);
    }
    NDArray past = state.borrow("averages", x);
    if (past == null) {
      past = manager.zeros(new Shape(batch, width, averages), x.getDataType());
    }
    NDList step = pass.kernels(x) ? fastStep(x, past, c) : plainStep(x, past, c);
    state.put("averages", step.get(1));
    return step.get(0);
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return !bidirectional;
  }

  /** The parameters of the averages. */
  record Coefficients(NDArray delta, NDArray alpha, NDArray beta, NDArray gamma) {}

  static NDArray fast(NDArray x, Coefficients c, long lags, boolean bidirectional) {
    return KERNELS.call("ema", x, c.delta(), c.alpha(), c.beta(), c.gamma(), lags, bidirectional);
  }

  /** The same as {@link #fast} by NDArray operations. */
  static NDArray plain(NDArray x, Coefficients c, long lags, boolean bidirectional) {
    NDArray kernel = response(x, c, powers(x, c, lags));
    long length = x.getShape().get(1);
    long first = 0;
    if (bidirectional) {
      long width = x.getShape().get(2);
      NDArray ahead = kernel.get(":{}", width);
      NDArray back = kernel.get("{}:", width).flip(1);
      kernel =
          lags == 1
              ? ahead.add(back)
              : NDArrays.concat(
                  new NDList(
                      back.get(":, :{}", lags - 1),
                      back.get(":, {}:", lags - 1).add(ahead.get(":, :1")),
                      ahead.get(":, 1:")),
                  1);
      first = lags - 1;
    }
    return convolve(x, kernel, first, length);
  }

  static NDList fastStep(NDArray x, NDArray state, Coefficients c) {
    return KERNELS.callAll("ema_step", x, state, c.delta(), c.alpha(), c.beta(), c.gamma());
  }

  /** The same as {@link #fastStep} by NDArray operations. */
  static NDList plainStep(NDArray x, NDArray state, Coefficients c) {
    long length = x.getShape().get(1);
    NDArray all = powers(x, c, length + 1);
    NDArray before = all.get(":, :, :{}", length);
    NDArray fresh = convolve(x, response(x, c, before), 0, length);
    NDArray scaled = scaled(x, c).expandDims(2);
    NDArray old =
        state.transpose(1, 0, 2).matMul(all.get(":, :, 1:").mul(scaled)).transpose(1, 2, 0);
    NDArray inward = own(x, Activation.sigmoid(c.delta())).mul(c.beta());
    NDArray weighted = before.mul(inward).flip(2);
    NDArray last = x.transpose(2, 0, 1).matMul(weighted.transpose(0, 2, 1)).transpose(1, 0, 2);
    NDArray kept = state.mul(all.get(":, :, {}", length));
    return new NDList(fresh.add(old), kept.add(last));
  }

  /** q^0 to q^(count - 1), (D, n, count). */
  private static NDArray powers(NDArray x, Coefficients c, long count) {
    NDArray p = own(x, Activation.sigmoid(c.delta()));
    NDArray q = Tensors.oneMinus(p.mul(own(x, Activation.sigmoid(c.alpha()))));
    NDArray lags =
        x.getManager()
            .arange(0, (int) count, 1, DataType.INT64, x.getDevice())
            .toType(x.getDataType(), false);
    return q.log().mul(lags).exp();
  }

  /** The response to a unit impulse, (D, T). */
  private static NDArray response(NDArray x, Coefficients c, NDArray powers) {
    NDArray inward = own(x, Activation.sigmoid(c.delta())).mul(c.beta());
    return powers.mul(inward).mul(scaled(x, c).expandDims(2)).sum(new int[] {1});
  }

  private static NDArray scaled(NDArray x, Coefficients c) {
    NDArray gamma = own(x, c.gamma().add(0));
    return Arithmetic.times(gamma, 1 / Math.sqrt(gamma.getShape().get(1)));
  }

  /** Values first to first + length - 1 of the full convolution. */
  private static NDArray convolve(NDArray x, NDArray kernel, long first, long length) {
    long size = length + kernel.getShape().get(1) - 1;
    NDArray product = x.transpose(0, 2, 1).rfft(size, 2).mul(kernel.rfft(size, 1));
    return product.irfft(size, 2).get(":, :, {}:{}", first, first + length).transpose(0, 2, 1);
  }

  private static NDArray own(NDArray x, NDArray result) {
    result.attach(x.getManager());
    return result;
  }
}
