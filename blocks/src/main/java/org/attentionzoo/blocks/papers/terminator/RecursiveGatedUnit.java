package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A recursive gated unit: k = Wk x, v = Wv x, q = gelu(IN(k * Wq v)) + p, y = Wy q.
 *
 * <p>State dict: {@code fast_linear_k}, {@code fast_linear_v}, {@code fast_linear_q}, {@code
 * fast_linear_y}, {@code bias_p} (1, 1, side, side).
 */
final class RecursiveGatedUnit extends UnaryBlock {

  private final Pointwise key;
  private final Pointwise value;
  private final Pointwise query;
  private final Pointwise output;
  private final Parameter bias;

  RecursiveGatedUnit(int channels, int side) {
    key = linear("fast_linear_k", channels);
    value = linear("fast_linear_v", channels);
    query = linear("fast_linear_q", channels);
    output = linear("fast_linear_y", channels);
    bias = parameter("bias_p", Initializers.constant(0), 1, 1, side, side);
  }

  private Pointwise linear(String name, int channels) {
    return child(name, new Pointwise(channels, channels, 2, Pointwise.kaimingUniform(channels), 0));
  }

  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray gated = key.forward(pass, x).mul(query.forward(pass, value.forward(pass, x)));
    NDArray active = Activation.gelu(Standardize.instance(gated)).add(pass.value(bias, x));
    return output.forward(pass, active);
  }
}
