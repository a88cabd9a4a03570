package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;

/**
 * Titans MAG (section 4.2, equations 26 to 28): sliding-window attention with persistent tokens
 * beside the long-term memory, joined by a {@link NonlinearGate}.
 *
 * <p>State dict: {@code persistent}, {@code attention}, {@code memory}, {@code gate}.
 */
public final class MemoryAsGate extends MixerBlock {

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
}
