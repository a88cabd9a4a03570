package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The latent configurator of SeqBoat (Ren et al. 2023, section 3.2): softmax(u / exp(t)) over the
 * options of each token, with a learned scalar t. Deterministic; an option that is chosen gets its
 * gradient through its own probability. State dict: {@code temp} (1).
 */
public final class LatentConfigurator extends UnaryBlock {

  private final Parameter temperature;

  /**
   * A configurator.
   *
   * @param width D, of the hidden states
   * @param scale c: the temperature starts at c sqrt(D)
   */
  public LatentConfigurator(int width, double scale) {
    temperature = parameter("temp", Initializers.constant(Math.log(scale * Math.sqrt(width))), 1);
  }

  /**
   * Gives the probabilities.
   *
   * @param pass what the pass carries
   * @param x (..., options)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray value = pass.value(temperature, x).exp();
    value.attach(x.getManager());
    return x.div(value).softmax(-1);
  }
}
