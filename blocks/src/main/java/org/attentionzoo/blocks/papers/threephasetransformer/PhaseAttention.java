package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Set;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Causal attention with grouped keys and values and rotary positions in halves, under the names of
 * the official code.
 *
 * <p>State dict: {@code q}, {@code k}, {@code v}, {@code o} and the buffers {@code
 * rotary.inv_freq}, {@code rotary.cos_cached}, {@code rotary.sin_cached}, which are kept for the
 * official files' sake: angles are computed at any position.
 */
final class PhaseAttention extends MixerBlock {

  private static final double BASE = 10000;

  private final ThreePhaseConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Rotary rotary = new Rotary(Rotary.Layout.HALF, BASE);

  PhaseAttention(ThreePhaseConfig config) {
    this.config = config;
    int grouped = config.keyValueHeads() * config.headWidth();
    query = child("q", new Linear(config.width(), config.width(), false));
    key = child("k", new Linear(config.width(), grouped, false));
    value = child("v", new Linear(config.width(), grouped, false));
    output = child("o", new Linear(config.width(), config.width(), false));
    child("rotary", new Tables(config.headWidth(), config.context()));
  }

  /** The official buffers. */
  private static final class Tables extends ZooBlock {
    Tables(int width, int positions) {
      buffer("inv_freq", (m, shape, type) -> Rotary.frequencies(m, width, BASE), width / 2);
      buffer("cos_cached", (m, s, t) -> angles(m, width, positions).cos(), 1, 1, positions, width);
      buffer("sin_cached", (m, s, t) -> angles(m, width, positions).sin(), 1, 1, positions, width);
    }

    private static NDArray angles(NDManager manager, int width, int positions) {
      NDArray half =
          manager
              .arange(0f, positions, 1f)
              .expandDims(1)
              .mul(Rotary.frequencies(manager, width, BASE));
      return half.concat(half, 1).reshape(1, 1, positions, width);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("tables are only kept");
    }
  }

  @Override
  public boolean isCausal() {
    return true;
  }

  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray positions = sequences.positions(pass, this, hidden);
    NDArray q =
        rotary.rotate(
            pass, Tensors.splitHeads(query.forward(pass, hidden), config.heads()), positions);
    NDArray k =
        rotary.rotate(
            pass, Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads()), positions);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.keyValueHeads());
    CausalKeys seen = CausalKeys.of(pass, this, k, v, sequences);
    int copies = config.heads() / config.keyValueHeads();
    NDArray context =
        DotProductAttention.attend(
            pass,
            this,
            q,
            repeat(seen.keys(), copies),
            repeat(seen.values(), copies),
            seen.mask(),
            null,
            seen.causal(),
            1 / Math.sqrt(config.headWidth()),
            0);
    return output.forward(pass, Tensors.joinHeads(context));
  }

  private static NDArray repeat(NDArray x, int copies) {
    return copies == 1 ? x : x.repeat(1, copies);
  }
}
