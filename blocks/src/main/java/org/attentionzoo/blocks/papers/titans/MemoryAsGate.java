package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;

/**
 * Titans MAG (section 4.2, equations 26 to 28): sliding-window attention with persistent tokens
 * beside the long-term memory, joined by a {@link NonlinearGate}.
 *
 * <p>State dict: {@code persistent}, {@code attention}, {@code memory}, {@code gate}.
 */
public final class MemoryAsGate extends ZooBlock implements Mixer {

  private final PersistentTokens persistent;
  private final MultiHeadAttention attention;
  private final NeuralMemory memory;
  private final NonlinearGate gate;

  /**
   * A mixer.
   *
   * @param config its sizes
   */
  public MemoryAsGate(TitansConfig config) {
    int width = config.width();
    persistent = child("persistent", new PersistentTokens(config.persistent(), width));
    attention =
        child(
            "attention",
            new MultiHeadAttention(
                AttentionConfig.causal(width, config.heads(), null).windowed(config.span())));
    memory = child("memory", new NeuralMemory(config.memory()));
    gate = child("gate", new NonlinearGate(width));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray y = attention.mix(pass, hidden, persistent.get(pass, hidden), sequences);
    NDArray m = Prefixed.memorize(pass, this, memory, persistent, hidden, sequences.valid()).rest();
    return gate.join(pass, y, m);
  }

  /**
   * Mixes the tokens of each sequence.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width), and optionally (B, L) boolean, false where padded
   * @return (B, L, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(mix(pass, inputs.get(0), Sequences.padded(valid)));
  }
}
