package org.attentionzoo.blocks.experts;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.Locale;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Linear layers side by side, one for each expert, of which a token goes through those that it
 * chose. The kernel sorts the chosen pairs by expert and multiplies stretch by stretch; the plain
 * path sends every token through every expert.
 *
 * <p>State dict: {@code weight} (experts, in, out), not transposed, and {@code bias} (experts,
 * out).
 */
public final class ParallelExperts extends ZooBlock {

  /** What stands between the two layers of an expert. */
  public enum NonLinearity {
    /** The exact GELU. */
    GELU,
    /** GELU's approximation by tanh, as in GPT-2. */
    GELU_TANH,
    /** max(x, 0). */
    RELU,
    /** x sigmoid(x). */
    SILU;

    NDArray apply(NDArray x) {
      return switch (this) {
        case GELU -> Activation.gelu(x);
        case GELU_TANH -> {
          NDArray inner = Arithmetic.times(Arithmetic.power(x, 3), 0.044715).add(x);
          NDArray tanh = Arithmetic.times(inner, Math.sqrt(2 / Math.PI)).tanh();
          yield Arithmetic.times(x, 0.5).mul(tanh.add(1));
        }
        case RELU -> Activation.relu(x);
        case SILU -> Arithmetic.silu(x);
      };
    }

    private String kernel() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(ParallelExperts.class, "experts.torchscript");

  private final Parameter weight;
  private final Parameter bias;

  /** How many of the first do not learn. */
  private final int frozen;

  /**
   * Experts.
   *
   * @param experts how many
   * @param in the size of what they take
   * @param out the size of what they give
   * @param biased whether they have biases
   */
  public ParallelExperts(int experts, int in, int out, boolean biased) {
    this(experts, in, out, biased, 0);
  }

  /**
   * Experts of which only the last learn.
   *
   * @param experts how many
   * @param in the size of what they take
   * @param out the size of what they give
   * @param biased whether they have biases
   * @param learning how many of the last learn; 0 for all
   */
  public ParallelExperts(int experts, int in, int out, boolean biased, int learning) {
    if (learning < 0 || learning > experts) {
      throw new IllegalArgumentException(
          "of " + experts + " experts 0 (for all) to " + experts + " learn, got " + learning);
    }
    frozen = learning == 0 ? 0 : experts - learning;
    weight = parameter("weight", Initializers.uniform(1.0 / in), experts, in, out);
    bias = biased ? parameter("bias", Initializers.fanIn(out), experts, out) : null;
  }

  /**
   * What each chosen expert makes of a token.
   *
   * @param pass what the pass carries
   * @param x (N, in)
   * @param experts (N, k) int64
   * @return (N, k, out)
   */
  public NDArray map(Pass pass, NDArray x, NDArray experts) {
    NDArray w = value(pass, weight, x);
    NDArray b = bias == null ? null : value(pass, bias, x);
    return pass.kernels(x) ? fastMap(x, experts, w, b) : plainMap(x, experts, w, b);
  }

  /**
   * The sum over a token's experts of gate times what the expert makes of its own input.
   *
   * @param pass what the pass carries
   * @param x (N, k, in) an input for each chosen expert
   * @param assignment (N, k)
   * @return (N, out)
   */
  public NDArray reduce(Pass pass, NDArray x, Assignment assignment) {
    NDArray w = value(pass, weight, x);
    NDArray b = bias == null ? null : value(pass, bias, x);
    return pass.kernels(x)
        ? fastReduce(x, assignment.experts(), assignment.gates(), w, b)
        : plainReduce(x, assignment.experts(), assignment.gates(), w, b);
  }

  /**
   * Feed-forward experts: the sum over a token's experts of gate times W2 f(W1 x).
   *
   * @param pass what the pass carries
   * @param x (N, width)
   * @param assignment (N, k)
   * @param up W1: width to hidden
   * @param between f
   * @param down W2: hidden to width
   * @return (N, width)
   */
  public static NDArray feedForward(
      Pass pass,
      NDArray x,
      Assignment assignment,
      ParallelExperts up,
      NonLinearity between,
      ParallelExperts down) {
    if (!pass.kernels(x)) {
      NDArray hidden = between.apply(up.map(pass, x, assignment.experts()));
      return down.reduce(pass, hidden, assignment);
    }
    return KERNELS.call(
        "feed_forward",
        x,
        assignment.experts(),
        assignment.gates(),
        up.value(pass, up.weight, x),
        up.bias == null ? null : up.value(pass, up.bias, x),
        down.value(pass, down.weight, x),
        down.bias == null ? null : down.value(pass, down.bias, x),
        between.kernel());
  }

  private NDArray value(Pass pass, Parameter parameter, NDArray x) {
    NDArray all = pass.value(parameter, x);
    if (frozen == 0 || !pass.isTraining()) {
      return all;
    }
    NDList parts = all.split(new long[] {frozen}, 0);
    parts.attach(x.getManager());
    NDArray fixed = parts.get(0).stopGradient();
    fixed.attach(x.getManager());
    return Tensors.concat(new NDList(fixed, parts.get(1)), 0);
  }

  static NDArray fastMap(NDArray x, NDArray experts, NDArray weight, NDArray bias) {
    return KERNELS.call("map", x, experts, weight, bias);
  }

  static NDArray plainMap(NDArray x, NDArray experts, NDArray weight, NDArray bias) {
    NDArray all = x.expandDims(0).matMul(weight); // (E, N, out)
    if (bias != null) {
      NDArray rows = bias.expandDims(1);
      rows.attach(x.getManager());
      all = all.add(rows);
    }
    return chosen(experts, weight, x).matMul(all.transpose(1, 0, 2));
  }

  static NDArray fastReduce(
      NDArray x, NDArray experts, NDArray gates, NDArray weight, NDArray bias) {
    return KERNELS.call("reduce", x, experts, gates, weight, bias);
  }

  static NDArray plainReduce(
      NDArray x, NDArray experts, NDArray gates, NDArray weight, NDArray bias) {
    NDArray weights = chosen(experts, weight, x).mul(gates.expandDims(-1)); // (N, k, E)
    NDArray perExpert = weights.transpose(2, 0, 1).expandDims(2).matMul(x.expandDims(0));
    Shape shape = perExpert.getShape(); // (E, N, 1, in)
    NDArray sum =
        perExpert
            .reshape(shape.get(0), shape.get(1), shape.get(3))
            .matMul(weight)
            .sum(new int[] {0});
    return bias == null ? sum : sum.add(weights.sum(new int[] {1}).matMul(bias));
  }

  /** (N, k, E): 1 where a token chose an expert. */
  private static NDArray chosen(NDArray experts, NDArray weight, NDArray like) {
    return experts
        .oneHot((int) weight.getShape().get(0), DataType.FLOAT32)
        .toType(like.getDataType(), false);
  }

  /**
   * Every token through the experts that it chose.
   *
   * @param pass what the pass carries
   * @param inputs (N, in) and (N, k) int64
   * @return (N, k, out)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(map(pass, inputs.get(0), inputs.get(1)));
  }
}
