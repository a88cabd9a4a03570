package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.systems.DynamicalSystem;
import org.attentionzoo.blocks.systems.TimeVaryingSystem;

/**
 * S6, the selective state-space layer of Mamba without its convolution and gate (Sieber et al.
 * 2024, section 3.3; Gu and Dao 2023, algorithm 2): with step sizes Delta = softplus(W (W' x) + b),
 *
 * <pre>
 *   h_i = exp(-Delta_i exp(A)) h_(i-1) + Delta_i b_i x_i,   y_i = c_i . h_i + D x_i
 * </pre>
 *
 * <p>State dict, with the official names: {@code x_proj} (rank + 2 n, width) without bias, {@code
 * dt_proj} (width, rank), {@code A_log} (width, n), {@code D} (width), {@code out_proj} (width,
 * width) without bias. Steps start between 0.001 and 0.1. The step of a padded token is 0: it
 * neither adds to the state nor lets it decay.
 */
public final class SelectiveStateSpace extends MixerBlock implements DynamicalSystem {

  private static final int RANK = 16;
  private static final double SMALLEST_STEP = 1e-3;
  private static final double LARGEST_STEP = 0.1;

  private final int width;
  private final int state;
  private final int rank;
  private final Linear projection;
  private final Linear steps;
  private final Parameter decay;
  private final Parameter skip;
  private final Linear output;

  /**
   * A layer.
   *
   * @param width the size of the hidden states
   * @param state the state's expansion n
   */
  public SelectiveStateSpace(int width, int state) {
    this.width = width;
    this.state = state;
    rank = (width + RANK - 1) / RANK;
    projection = child("x_proj", new Linear(width, rank + 2L * state, false));
    steps =
        child(
            "dt_proj",
            new Linear(
                rank,
                width,
                Initializers.uniform(1 / Math.sqrt(rank)),
                (manager, shape, type) -> {
                  double low = Math.log(SMALLEST_STEP);
                  NDArray share = manager.randomUniform(0, 1, shape, type);
                  double range = Math.log(LARGEST_STEP) - low;
                  NDArray step = Arithmetic.times(share, range).add(low).exp();
                  // softplus of it is the step
                  return step.exp().sub(1).log();
                }));
    decay =
        parameter(
            "A_log",
            (manager, shape, type) ->
                manager
                    .arange(1f, state + 1f, 1f, DataType.FLOAT32)
                    .toType(type, true)
                    .log()
                    .broadcast(shape)
                    .add(0),
            width,
            state);
    skip = parameter("D", Initializers.constant(1), width);
    output = child("out_proj", new Linear(width, width, false));
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

  /** {@inheritDoc} */
  @Override
  public TimeVaryingSystem system(Pass pass, NDArray hidden) {
    return system(pass, hidden, null);
  }

  private TimeVaryingSystem system(Pass pass, NDArray hidden, NDArray valid) {
    NDArray joint = projection.forward(pass, hidden);
    NDArray step = Activation.softPlus(steps.forward(pass, joint.get("..., :" + rank)));
    if (valid != null) {
      step = step.mul(valid.toType(hidden.getDataType(), false).expandDims(-1));
    }
    step = step.expandDims(2);
    NDArray b = joint.get("..., " + rank + ":" + (rank + state)).expandDims(3);
    NDArray c = joint.get("..., " + (rank + state) + ":").expandDims(3);
    NDArray rates = pass.value(decay, hidden).transpose();
    rates.attach(hidden.getManager());
    NDArray transition = step.mul(rates.exp()).neg().exp(); // (B, L, n, width)
    return new TimeVaryingSystem(transition, step.mul(b), c, pass.value(skip, hidden), hidden);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray inner(Pass pass, NDArray hidden) {
    return inner(pass, hidden, null);
  }

  private NDArray inner(Pass pass, NDArray hidden, NDArray valid) {
    TimeVaryingSystem system = system(pass, hidden, valid);
    NDArray added = system.input().mul(hidden.expandDims(2));
    NDArray all = DiagonalRecurrence.run(pass, this, added, system.transition());
    return all.mul(system.output()).sum(new int[] {2}).add(hidden.mul(system.skip()));
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

  /**
   * The shape of a state.
   *
   * @param width the size of the hidden states
   * @return (n, width)
   */
  public Shape stateShape(long width) {
    return new Shape(state, width);
  }
}
