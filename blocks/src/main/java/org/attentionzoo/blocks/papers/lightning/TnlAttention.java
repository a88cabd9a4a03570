package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * The token mixer of the example beside the official kernels: lightning attention over silu(q),
 * silu(k) and silu(v), LayerNorm, and a gate sigmoid(W2 W1 x).
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}, {@code norm},
 * {@code output_gate.0}, {@code output_gate.1}.
 */
public final class TnlAttention extends MixerBlock {

  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final LayerNorm norm;
  private final Sequential gate;
  private final LightningAttention attention;

  /**
   * A mixer.
   *
   * @param config the sizes; positions are not used
   * @param layer which layer it is, from 0
   */
  public TnlAttention(TransNormerConfig config, int layer) {
    int width = config.width();
    int inner = config.inner();
    boolean bias = config.bias();
    heads = config.heads();
    query = child("q_proj", new Linear(width, inner, bias));
    key = child("k_proj", new Linear(width, inner, bias));
    value = child("v_proj", new Linear(width, inner, bias));
    output = child("o_proj", new Linear(inner, width, bias));
    norm = child("norm", new LayerNorm(inner));
    gate =
        child(
            "output_gate",
            new Sequential(
                new Linear(width, inner / heads, bias), new Linear(inner / heads, inner, bias)));
    attention = child("attention", config.attention(layer));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = Arithmetic.silu(query.forward(pass, hidden));
    NDArray k = Arithmetic.silu(key.forward(pass, hidden));
    NDArray v = Arithmetic.silu(value.forward(pass, hidden));
    NDArray mixed =
        attention.attend(
            pass,
            Tensors.splitHeads(q, heads),
            Tensors.splitHeads(k, heads),
            Tensors.splitHeads(v, heads),
            sequences.valid());
    NDArray normed = norm.forward(pass, Tensors.joinHeads(mixed));
    NDArray open = Activation.sigmoid(gate.forward(pass, hidden));
    return output.forward(pass, normed.mul(open));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }
}
