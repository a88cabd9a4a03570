package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Reconstruction;

/**
 * Layered latent state reconstruction of what the memory gave to each token. What a token gets is
 * made from its own and earlier tokens' share alone.
 *
 * <p>State dict: of the hierarchical kind {@code compress}, {@code reconstruct}, {@code
 * global_attention}, {@code local_attention}; of the attention kind {@code self_attention}, {@code
 * cross_attention}, {@code ffn}, {@code norm1} to {@code norm3}; of the mlp {@code encoder}, {@code
 * decoder}, {@code context_gate}.
 */
final class LatentReconstructor extends ZooBlock {

  private final Reconstruction kind;
  private Sequential compress;
  private Sequential reconstruct;
  private HeadAttention first;
  private HeadAttention second;
  private Sequential network;
  private LayerNorm norm1;
  private LayerNorm norm2;
  private LayerNorm norm3;

  LatentReconstructor(CmrConfig config) {
    kind = config.reconstruction();
    int width = config.width();
    int half = width / 2;
    switch (kind) {
      case HIERARCHICAL -> {
        compress = child("compress", new Sequential(new Linear(width, half), new Relu()));
        reconstruct =
            child("reconstruct", new Sequential(new Linear(half, width), new LayerNorm(width)));
        first = child("global_attention", new HeadAttention(width, config.heads(8, 16)));
        second = child("local_attention", new HeadAttention(width, config.heads(4, 32)));
      }
      case ATTENTION -> {
        first = child("self_attention", new HeadAttention(width, config.heads(8, 64)));
        second = child("cross_attention", new HeadAttention(width, config.heads(8, 64)));
        network =
            child(
                "ffn",
                new Sequential(
                    new Linear(width, 2L * width), new Relu(), new Linear(2L * width, width)));
        norm1 = child("norm1", new LayerNorm(width));
        norm2 = child("norm2", new LayerNorm(width));
        norm3 = child("norm3", new LayerNorm(width));
      }
      case MLP -> {
        compress =
            child(
                "encoder",
                new Sequential(
                    new Linear(width, half), new Relu(), new Linear(half, half / 2), new Relu()));
        reconstruct =
            child(
                "decoder",
                new Sequential(
                    new Linear(half / 2, half),
                    new Relu(),
                    new Linear(half, width),
                    new LayerNorm(width)));
        network = child("context_gate", new Sequential(new Linear(2L * width, width)));
      }
    }
  }

  /**
   * What the memory gave and the hidden states, each (B, C, H); the first token sees itself only.
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray given = inputs.get(0);
    return new NDList(reconstruct(pass, given, inputs.get(1), Reweaver.earlier(given)));
  }

  /**
   * Reconstructs.
   *
   * @param pass what the pass carries
   * @param given (B, C, H) what the memory gave to each token
   * @param hidden (B, C, H) the tokens
   * @param earlier (1, 1, C, C) boolean, true where a token is not later
   * @return (B, C, H)
   */
  NDArray reconstruct(Pass pass, NDArray given, NDArray hidden, NDArray earlier) {
    return switch (kind) {
      case HIERARCHICAL -> {
        NDArray base = reconstruct.forward(pass, compress.forward(pass, given));
        NDArray wide = first.attend(pass, base, base, earlier);
        yield base.add(second.attend(pass, wide, wide, earlier));
      }
      case ATTENTION -> {
        NDArray x = norm1.forward(pass, given.add(first.attend(pass, given, given, earlier)));
        x = norm2.forward(pass, x.add(second.attend(pass, x, hidden, earlier)));
        yield norm3.forward(pass, x.add(network.forward(pass, x)));
      }
      case MLP -> {
        NDArray decoded = reconstruct.forward(pass, compress.forward(pass, given));
        NDArray gate = Activation.sigmoid(network.forward(pass, given.concat(decoded, 2)));
        yield gate.mul(decoded).add(Tensors.oneMinus(gate).mul(given));
      }
    };
  }
}
