package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ShortConvolution;

/**
 * The gated short convolution of BASED: out(silu(conv(a)) * b), where a and b are the halves of a
 * projection.
 *
 * <p>State dict: {@code in_proj}, {@code conv.conv}, {@code out_proj}.
 */
public final class BaseConvolution extends MixerBlock {

  private final Linear input;
  private final Convolution convolution;
  private final Linear output;

  /**
   * A mixer.
   *
   * @param width the size of the hidden states
   * @param inner the number of channels that are convolved
   * @param kernel how many tokens a token sees, itself included
   * @param bias whether the projections have biases
   * @param outputs how the output projection starts
   */
  public BaseConvolution(int width, int inner, int kernel, boolean bias, Initializer outputs) {
    Initializer biases = bias ? Initializers.constant(0) : null;
    input = child("in_proj", new Linear(width, 2L * inner, Initializers.normal(0.02), biases));
    convolution = child("conv", new Convolution(inner, kernel));
    output = child("out_proj", new Linear(inner, width, outputs, biases));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDList halves = input.forward(pass, hidden).split(2, 2);
    NDArray seen = sequences.withoutPadding(halves.get(0));
    NDArray near = Arithmetic.silu(convolution.forward(pass, seen));
    return output.forward(pass, near.mul(halves.get(1)));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** The official code keeps its convolution in a module of its own. */
  private static final class Convolution extends UnaryBlock {

    private final ShortConvolution conv;

    Convolution(int width, int kernel) {
      conv = child("conv", new ShortConvolution(width, kernel));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return conv.forward(pass, x);
    }
  }
}
