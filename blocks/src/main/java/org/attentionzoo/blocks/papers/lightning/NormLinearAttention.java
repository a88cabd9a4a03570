package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.SimpleRmsNorm;

/**
 * The token mixer of TransNormerLLM: lightning attention over silu(q) and silu(k), normalised over
 * all heads together and gated by u.
 *
 * <p>State dict: {@code qkvu_proj} (four projections in one), {@code out_proj}, {@code lrpe.theta}
 * if positions are used.
 */
public final class NormLinearAttention extends MixerBlock {

  private final int heads;
  private final Linear projection;
  private final Linear output;
  private final Lrpe lrpe;
  private final LightningAttention attention;
  private final SimpleRmsNorm norm;

  /**
   * A mixer.
   *
   * @param config the sizes
   * @param layer which layer it is, from 0
   */
  public NormLinearAttention(TransNormerConfig config, int layer) {
    int inner = config.inner();
    heads = config.heads();
    projection = child("qkvu_proj", Sglu.projection(config.width(), 4 * inner, config.bias()));
    output = child("out_proj", Sglu.projection(inner, config.width(), config.bias()));
    lrpe = config.placed(layer) ? child("lrpe", new Lrpe(heads, inner / heads)) : null;
    attention = child("attention", config.attention(layer));
    norm = child("norm", new SimpleRmsNorm());
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDList qkvu = projection.forward(pass, hidden).split(4, 2);
    NDArray q = Tensors.splitHeads(Arithmetic.silu(qkvu.get(0)), heads);
    NDArray k = Tensors.splitHeads(Arithmetic.silu(qkvu.get(1)), heads);
    NDArray v = Tensors.splitHeads(qkvu.get(2), heads);
    if (lrpe != null) {
      NDArray positions = sequences.positions(pass, this, hidden);
      q = lrpe.place(pass, q, positions);
      k = lrpe.place(pass, k, positions);
    }
    NDArray mixed = attention.attend(pass, q, k, v, sequences.valid());
    NDArray normed = norm.forward(pass, Tensors.joinHeads(mixed));
    return output.forward(pass, qkvu.get(3).mul(normed));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }
}
