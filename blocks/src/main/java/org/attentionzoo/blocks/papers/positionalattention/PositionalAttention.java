package org.attentionzoo.blocks.papers.positionalattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig.Mode;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Positional attention (Back de Luca et al. 2024): softmax((P W_Q)(P W_K)^T / sqrt(d_P)) X W_V,
 * whose weights depend on the positions P alone; and the two baselines of the paper. Tokens see
 * each other in both directions.
 *
 * <p>State dict: {@code qk_proj} (for each head its queries, then its keys), {@code v_proj}, {@code
 * o_proj}.
 */
public final class PositionalAttention extends ZooBlock {

  private static final Rotary ROTARY = new Rotary(Rotary.Layout.INTERLEAVED, 10000);

  private final PositionalConfig config;
  private final Linear queriesAndKeys;
  private final Linear value;
  private final Linear output;

  /**
   * Attention.
   *
   * @param config its sizes and mode
   */
  public PositionalAttention(PositionalConfig config) {
    this.config = config;
    int width = config.keyWidth();
    queriesAndKeys = child("qk_proj", xavier(width, 2 * width * config.heads()));
    value = child("v_proj", xavier(config.width(), config.width()));
    output = child("o_proj", xavier(config.width(), config.width()));
  }

  private static Linear xavier(int in, int out) {
    return new Linear(in, out, Initializers.xavierUniform(in, out), Initializers.constant(0));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs hidden states (B, L, width) and, in the mode POSITIONAL, positions (L, positions)
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(attend(pass, inputs.get(0), inputs.size() > 1 ? inputs.get(1) : null));
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param positions (L, positions); read in the mode POSITIONAL
   * @return (B, L, width)
   */
  public NDArray attend(Pass pass, NDArray x, NDArray positions) {
    boolean positional = config.mode() == Mode.POSITIONAL;
    Shape shape = x.getShape();
    long length = shape.get(1);
    int heads = config.heads();
    int width = config.keyWidth();
    NDArray source = positional ? positions.expandDims(0) : x;
    NDList both =
        queriesAndKeys
            .forward(pass, source)
            .reshape(positional ? 1 : shape.get(0), length, heads, 2L * width)
            .split(2, 3);
    NDArray q = both.get(0).transpose(0, 2, 1, 3);
    NDArray k = both.get(1).transpose(0, 2, 1, 3);
    if (config.mode() == Mode.ROPE) {
      q = rotate(pass, q);
      k = rotate(pass, k);
    }
    NDArray v = Tensors.splitHeads(value.forward(pass, x), heads);
    double scale = 1 / Math.sqrt(width);
    NDArray context =
        positional
            ? shared(pass, q, k, v, scale)
            : DotProductAttention.attend(pass, this, q, k, v, null, null, false, scale, 0);
    return output.forward(pass, Tensors.joinHeads(context));
  }

  /** One pattern (1, H, L, L) for all sequences of the batch. */
  private NDArray shared(Pass pass, NDArray q, NDArray k, NDArray v, double scale) {
    NDArray scores = Arithmetic.times(q, scale).matMul(k.swapAxes(2, 3));
    return pass.tap(this, DotProductAttention.PATTERN, Normalizer.SOFTMAX.weights(scores, null))
        .matMul(v);
  }

  /** By the number of the head. */
  private static NDArray rotate(Pass pass, NDArray x) {
    long heads = x.getShape().get(1);
    NDArray numbers = x.getManager().arange(0, (int) heads, 1, DataType.INT64, x.getDevice());
    return ROTARY.rotate(pass, x.swapAxes(1, 2), numbers).swapAxes(1, 2);
  }
}
