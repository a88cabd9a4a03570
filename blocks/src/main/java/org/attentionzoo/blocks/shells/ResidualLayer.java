package org.attentionzoo.blocks.shells;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;

/**
 * A pre-norm Transformer layer around any mixer: x + mixer(norm(x)), then x + feedForward(norm(x)).
 *
 * <p>State dict: {@code mixer_norm}, the mixer under its role ({@code attention}, {@code mixer}),
 * {@code feed_forward_norm}, {@code feed_forward}.
 */
public final class ResidualLayer extends ZooBlock {

  private final UnaryBlock mixerNorm;
  private final Mixer mixer;
  private final UnaryBlock feedForwardNorm;
  private final UnaryBlock feedForward;
  private final double dropout;

  /**
   * A layer.
   *
   * @param mixerNorm normalises what the mixer sees
   * @param mixer mixes tokens
   * @param feedForwardNorm normalises what the feed-forward network sees
   * @param feedForward transforms each position
   * @param dropout the rate on both residual branches
   */
  public ResidualLayer(
      UnaryBlock mixerNorm,
      Mixer mixer,
      UnaryBlock feedForwardNorm,
      UnaryBlock feedForward,
      double dropout) {
    this.mixerNorm = child("mixer_norm", mixerNorm);
    this.mixer = child(mixer.role(), mixer);
    this.feedForwardNorm = child("feed_forward_norm", feedForwardNorm);
    this.feedForward = child("feed_forward", feedForward);
    this.dropout = dropout;
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param sequences padding and positions
   * @return the same shape
   */
  public NDArray forward(Pass pass, NDArray x, Sequences sequences) {
    NDArray mixed = mixer.mix(pass, mixerNorm.forward(pass, x), sequences);
    NDArray middle = x.add(Dropout.apply(pass, mixed, dropout));
    NDArray transformed = feedForward.forward(pass, feedForwardNorm.forward(pass, middle));
    return middle.add(Dropout.apply(pass, transformed, dropout));
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), and optionally (B, L) boolean, false where padded
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(forward(pass, inputs.get(0), Sequences.padded(valid)));
  }
}
