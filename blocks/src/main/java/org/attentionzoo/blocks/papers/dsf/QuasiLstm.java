package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.systems.DynamicalSystem;
import org.attentionzoo.blocks.systems.TimeVaryingSystem;

/**
 * The recurrence of a quasi LSTM (Sieber et al. 2024, section 3.4), whose gates see the input
 * alone: with forget, input and output gates f, g, o,
 *
 * <pre>
 *   h_i = decay_i h_(i-1) + sigmoid(g_i) x_i,   y_i = sigmoid(o_i) h_i
 *   decay = sigmoid(f), or reversed sigmoid(-f)^relu(alpha), the decay of a state-space model
 * </pre>
 *
 * <p>The convolution and the gated branch around it are left out. A padded token neither adds to
 * the state nor lets it decay. State dict: {@code gates} (3 width, width), {@code alpha} (1) if
 * reversed, {@code output} (width, width) without bias.
 */
public final class QuasiLstm extends MixerBlock implements DynamicalSystem {

  private final int width;
  private final boolean reversed;
  private final Linear gates;
  private final Parameter alpha;
  private final Linear output;

  /**
   * A layer.
   *
   * @param width the size of the hidden states
   * @param reversed whether the forget gate is the reversed sigmoid
   */
  public QuasiLstm(int width, boolean reversed) {
    this.width = width;
    this.reversed = reversed;
    gates = child("gates", new Linear(width, 3L * width));
    alpha = reversed ? parameter("alpha", Initializers.constant(1), 1) : null;
    output = child("output", new Linear(width, width, false));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "sequence_mixer";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** (B, L, width) each. */
  private record Gates(NDArray decay, NDArray input, NDArray output) {}

  private Gates gates(Pass pass, NDArray hidden) {
    long width = hidden.getShape().get(2);
    NDArray all = gates.forward(pass, hidden);
    NDArray forget = all.get("..., :" + width);
    NDArray decay;
    if (reversed) {
      NDArray exponent = Activation.relu(pass.value(alpha, hidden));
      exponent.attach(hidden.getManager());
      // sigmoid(-f)^a = exp(-a softplus(f))
      decay = Activation.softPlus(forget).mul(exponent).neg().exp();
    } else {
      decay = Activation.sigmoid(forget);
    }
    return new Gates(
        decay,
        Activation.sigmoid(all.get("..., " + width + ":" + 2 * width)),
        Activation.sigmoid(all.get("..., " + 2 * width + ":")));
  }

  /** {@inheritDoc} */
  @Override
  public TimeVaryingSystem system(Pass pass, NDArray hidden) {
    Gates all = gates(pass, hidden);
    return new TimeVaryingSystem(
        all.decay().expandDims(2),
        all.input().expandDims(2),
        all.output().expandDims(2),
        null,
        hidden);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray inner(Pass pass, NDArray hidden) {
    return inner(pass, hidden, null);
  }

  private NDArray inner(Pass pass, NDArray hidden, NDArray valid) {
    Gates all = gates(pass, hidden);
    NDArray added = hidden.mul(all.input());
    NDArray decay = all.decay();
    if (valid != null) {
      NDArray live = valid.toType(hidden.getDataType(), false).expandDims(-1);
      added = added.mul(live);
      decay = Tensors.choose(live, decay, decay.onesLike());
    }
    NDArray states = DiagonalRecurrence.run(pass, this, added.expandDims(2), decay.expandDims(2));
    return states.squeeze(2).mul(all.output());
  }

  /** {@inheritDoc} */
  @Override
  public int width() {
    return width;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    return output.forward(pass, inner(pass, hidden, sequences.valid()));
  }
}
