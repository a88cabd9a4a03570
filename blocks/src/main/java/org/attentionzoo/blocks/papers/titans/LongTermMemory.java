package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * Titans LMM (section 4.3, last paragraph): the long-term memory without attention, behind
 * persistent tokens; its output is normalised and gated before the projection.
 *
 * <p>State dict: {@code persistent}, {@code memory}, {@code memory_norm}, {@code gate_proj}, {@code
 * o_proj}.
 */
public final class LongTermMemory extends MixerBlock {

  private final PersistentTokens persistent;
  private final NeuralMemory memory;
  private final RmsNorm memoryNorm;
  private final Linear gate;
  private final Linear output;

  /**
   * A mixer.
   *
   * @param config its sizes; heads and span do not act
   */
  public LongTermMemory(TitansConfig config) {
    int width = config.width();
    persistent = child("persistent", new PersistentTokens(config.persistent(), width));
    memory = child("memory", new NeuralMemory(config.memory()));
    memoryNorm = child("memory_norm", new RmsNorm(width));
    gate = child("gate_proj", new Linear(width, width, false));
    output = child("o_proj", new Linear(width, width, false));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray m = Prefixed.memorize(pass, this, memory, persistent, hidden, sequences.valid()).rest();
    NDArray open = Arithmetic.silu(gate.forward(pass, hidden));
    return output.forward(pass, memoryNorm.forward(pass, m).mul(open));
  }
}
