package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.SimpleRmsNorm;

/**
 * A layer of {@link TransNormer}: x + token_mixer(norm(x)), then x + channel_mixer(norm(x)).
 *
 * <p>State dict: {@code token_mixer}, {@code channel_mixer}.
 */
public final class TransNormerLayer extends ZooBlock {

  private final Mixer tokens;
  private final SimpleRmsNorm tokenNorm;
  private final Sglu channels;
  private final SimpleRmsNorm channelNorm;

  /**
   * A layer.
   *
   * @param config the sizes
   * @param layer which layer it is, from 0
   */
  public TransNormerLayer(TransNormerConfig config, int layer) {
    tokens =
        child(
            "token_mixer",
            switch (config.mixer()) {
              case NORM -> new NormLinearAttention(config, layer);
              case EXAMPLE -> new TnlAttention(config, layer);
            });
    tokenNorm = child("token_norm", new SimpleRmsNorm());
    channels = child("channel_mixer", new Sglu(config.width(), config.hidden(), config.bias()));
    channelNorm = child("channel_norm", new SimpleRmsNorm());
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
    NDArray mixed = x.add(tokens.mix(pass, tokenNorm.forward(pass, x), sequences));
    return mixed.add(channels.forward(pass, channelNorm.forward(pass, mixed)));
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
