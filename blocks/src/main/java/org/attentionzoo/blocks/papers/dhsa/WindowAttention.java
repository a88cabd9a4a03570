package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Attention among the tokens of a window, then LayerNorm without a residual.
 *
 * <p>State dict, as PyTorch's {@code MultiheadAttention} has it: {@code mha.in_proj_weight} (3 C,
 * C), {@code mha.in_proj_bias}, {@code mha.out_proj}, {@code norm}.
 */
final class WindowAttention extends UnaryBlock {

  private final int channels;
  private final int heads;
  private final JointProjection projections;
  private final LayerNorm norm;

  WindowAttention(int channels, int heads) {
    this.channels = channels;
    this.heads = heads;
    projections = child("mha", new JointProjection(channels));
    norm = child("norm", new LayerNorm(channels));
  }

  /**
   * Attends within windows.
   *
   * @param pass what the pass carries
   * @param windows (N, 2w, C)
   * @return (N, 2w, C)
   */
  @Override
  public NDArray forward(Pass pass, NDArray windows) {
    return attend(pass, projections.forward(pass, windows));
  }

  /**
   * Attends within all windows of a sequence, whose tokens are projected once.
   *
   * @param pass what the pass carries
   * @param filled (B, L + 2w - 1, C), zeros around the tokens
   * @param window w
   * @return (B L, 2w, C)
   */
  NDArray ofSequence(Pass pass, NDArray filled, int window) {
    return attend(pass, Windows.cut(projections.forward(pass, filled), window));
  }

  private NDArray attend(Pass pass, NDArray projected) {
    NDList parts = Tensors.splitHeads(projected, 3, heads);
    double scale = 1 / Math.sqrt(channels / (double) heads);
    NDArray read =
        DotProductAttention.attend(
            pass, this, parts.get(0), parts.get(1), parts.get(2), null, null, false, scale, 0);
    return norm.forward(pass, projections.output(pass, Tensors.joinHeads(read)));
  }

  /** The projections of PyTorch's {@code MultiheadAttention}. */
  private static final class JointProjection extends UnaryBlock {

    private final Parameter weight;
    private final Parameter bias;
    private final Linear output;

    JointProjection(int channels) {
      weight =
          parameter(
              "in_proj_weight",
              Initializers.xavierUniform(channels, 3L * channels),
              3L * channels,
              channels);
      bias = parameter("in_proj_bias", Initializers.constant(0), 3L * channels);
      output =
          child(
              "out_proj",
              new Linear(
                  channels, channels, Initializers.fanIn(channels), Initializers.constant(0)));
    }

    /** (..., C) to queries, keys and values side by side (..., 3 C). */
    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return Linear.project(pass, x, pass.value(weight, x), pass.value(bias, x));
    }

    NDArray output(Pass pass, NDArray x) {
      return output.forward(pass, x);
    }
  }
}
