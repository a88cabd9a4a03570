package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;

/**
 * A layer of DiT with adaLN-Zero (Peebles and Xie 2023, section 3.2) around any mixer, as the
 * official {@code DiTBlock} of MoH-DiT: with shift, scale and gate of both branches from W silu(c)
 * + b,
 *
 * <pre>
 * x = x + gate1 * mixer(norm(x) * (1 + scale1) + shift1)
 * x = x + gate2 * mlp(norm(x) * (1 + scale2) + shift2)
 * </pre>
 *
 * The norms are LayerNorms without parameters and epsilon 1e-6; the network has the tanh form of
 * GELU. W and b start at zero, so that the layer starts as the identity.
 *
 * <p>State dict: {@code attn}, {@code mlp.fc1}, {@code mlp.fc2}, {@code adaLN_modulation.1} (6
 * width, width).
 */
public final class DiffusionTransformerBlock extends ZooBlock {

  private final Mixer mixer;
  private final TanhFeedForward network;
  private final Modulation modulation;

  /**
   * A layer.
   *
   * @param width the size of the hidden states
   * @param hidden the inner size of the network
   * @param mixer mixes the tokens
   */
  public DiffusionTransformerBlock(int width, int hidden, Mixer mixer) {
    this.mixer = child("attn", mixer);
    network = child("mlp", new TanhFeedForward(width, hidden));
    modulation = child("adaLN_modulation", new Modulation(width, 6));
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param inputs hidden states x (B, L, width) and the condition c (B, width)
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(forward(pass, inputs.get(0), inputs.get(1)));
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param condition (B, width)
   * @return (B, L, width)
   */
  public NDArray forward(Pass pass, NDArray x, NDArray condition) {
    NDList parts = modulation.forward(pass, condition).split(6, 2);
    NDArray mixed =
        mixer.mix(pass, Modulation.apply(x, parts.get(0), parts.get(1)), Sequences.FULL);
    NDArray middle = x.add(mixed.mul(parts.get(2)));
    NDArray transformed =
        network.forward(pass, Modulation.apply(middle, parts.get(3), parts.get(4)));
    return middle.add(transformed.mul(parts.get(5)));
  }
}
