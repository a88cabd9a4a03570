package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.layers.ShortConvolution;

/**
 * A mixer behind a short causal convolution, which lets a token know those right before it, as in
 * the official comparison on recall.
 *
 * <p>State dict: {@code conv.weight} (width, 1, kernel), {@code mixer}.
 */
public final class ConvolvedMixer extends MixerBlock {

  private final ShortConvolution convolution;
  private final Mixer mixer;

  /**
   * A layer.
   *
   * @param width the size of the hidden states
   * @param kernel how many tokens the convolution sees
   * @param mixer what follows it
   */
  public ConvolvedMixer(int width, int kernel, Mixer mixer) {
    convolution = child("conv", new ShortConvolution(width, kernel));
    this.mixer = child("mixer", mixer);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "sequence_mixer";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return mixer.isCausal();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray seen = sequences.withoutPadding(hidden);
    NDArray near = Arithmetic.silu(convolution.forward(pass, seen));
    return mixer.mix(pass, near, sequences);
  }
}
