package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.FeedForward;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * A stack of pre-norm layers around any mixer, with LayerNorm and a GELU network, and a final norm.
 *
 * <p>State dict: {@code layers.i}, {@code norm}.
 */
public final class TransformerEncoder extends ZooBlock {

  private final ModuleList<ResidualLayer> layers;
  private final LayerNorm norm;

  /**
   * An encoder.
   *
   * @param width the size of the hidden states
   * @param depth the number of layers
   * @param hidden the inner size of the feed-forward networks
   * @param dropout the rate on residual branches
   * @param mixers makes the mixer of a layer
   */
  public TransformerEncoder(
      int width, int depth, int hidden, double dropout, IntFunction<? extends Mixer> mixers) {
    List<ResidualLayer> stack = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      stack.add(
          new ResidualLayer(
              new LayerNorm(width),
              mixers.apply(i),
              new LayerNorm(width),
              new FeedForward(width, hidden, dropout),
              dropout));
    }
    layers = child("layers", new ModuleList<>(stack));
    norm = child("norm", new LayerNorm(width));
  }

  /**
   * Encodes sequences.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @param sequences padding and positions
   * @return (B, L, width)
   */
  public NDArray encode(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray x = hidden;
    for (ResidualLayer layer : layers) {
      x = pass.segment(x, (inner, h) -> layer.forward(inner, h, sequences));
    }
    return norm.forward(pass, x);
  }

  /**
   * Encodes sequences.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), and optionally (B, L) boolean, false where padded
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(encode(pass, inputs.get(0), Sequences.padded(valid)));
  }
}
