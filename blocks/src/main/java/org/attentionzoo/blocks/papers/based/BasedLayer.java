package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * A pre-norm layer of {@link BasedLanguageModel}.
 *
 * <p>State dict: {@code mixer}, {@code norm1}, {@code mlp}, {@code norm2}.
 */
public final class BasedLayer extends ZooBlock {

  private final Mixer mixer;
  private final RmsNorm mixerNorm;
  private final GatedMlp mlp;
  private final RmsNorm mlpNorm;

  /**
   * A layer.
   *
   * @param mixer mixes tokens
   * @param mlp transforms each position
   * @param width the size of the hidden states
   * @param epsilon added to the mean square in the norms
   */
  public BasedLayer(Mixer mixer, GatedMlp mlp, int width, double epsilon) {
    this.mixer = child("mixer", mixer);
    mixerNorm = child("norm1", new RmsNorm(width, epsilon));
    this.mlp = child("mlp", mlp);
    mlpNorm = child("norm2", new RmsNorm(width, epsilon));
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
    NDArray mixed = x.add(mixer.mix(pass, mixerNorm.forward(pass, x), sequences));
    return mixed.add(mlp.forward(pass, mlpNorm.forward(pass, mixed)));
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
