package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * A layer of the Three-Phase Transformer: attention with a residual connection, a rotation without
 * one, a feed-forward network with one.
 *
 * <p>State dict: {@code attn}, {@code ff.gate}, {@code ff.up}, {@code ff.down}, {@code n1}, {@code
 * n2}, {@code pr.theta}.
 */
public final class ThreePhaseLayer extends ZooBlock {

  private final PhaseAttention attention;
  private final Network network;
  private final UnaryBlock attentionNorm;
  private final UnaryBlock networkNorm;
  private final PhaseRotation rotation;

  /**
   * A layer.
   *
   * @param config the model's sizes
   * @param layer its number, from 0
   */
  public ThreePhaseLayer(ThreePhaseConfig config, int layer) {
    attention = child("attn", new PhaseAttention(config));
    network = child("ff", new Network(config.width(), config.hidden()));
    attentionNorm = child("n1", norm(config));
    networkNorm = child("n2", norm(config));
    rotation =
        config.rotation()
            ? child(
                "pr", new PhaseRotation(config.width(), config.phases(), layer, config.layers()))
            : null;
  }

  static UnaryBlock norm(ThreePhaseConfig config) {
    return config.phaseNorm()
        ? new PhaseRmsNorm(config.width(), config.phases())
        : new RmsNorm(config.width());
  }

  /** SwiGLU under its official names. */
  private static final class Network extends UnaryBlock {
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    Network(int width, int hidden) {
      gate = child("gate", new Linear(width, hidden, false));
      up = child("up", new Linear(width, hidden, false));
      down = child("down", new Linear(hidden, width, false));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return down.forward(pass, Arithmetic.silu(gate.forward(pass, x)).mul(up.forward(pass, x)));
    }
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @param sequences padding and positions
   * @return the result and what it was after the rotation, both (B, L, width)
   */
  public NDList forward(Pass pass, NDArray x, Sequences sequences) {
    NDArray mixed = x.add(attention.mix(pass, attentionNorm.forward(pass, x), sequences));
    NDArray rotated = rotation == null ? mixed : rotation.forward(pass, mixed);
    return new NDList(
        rotated.add(network.forward(pass, networkNorm.forward(pass, rotated))), rotated);
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), and optionally (B, L) boolean, false where padded
   * @return the result and what it was after the rotation, both (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return forward(pass, inputs.head(), Sequences.padded(valid));
  }
}
