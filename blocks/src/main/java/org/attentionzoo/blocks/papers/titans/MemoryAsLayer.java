package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * Titans MAL (section 4.3, equations 29 to 31): the long-term memory as a layer below
 * sliding-window attention, each with a residual branch; persistent tokens stand in front of both.
 *
 * <p>State dict: {@code persistent}, {@code memory}, {@code memory_norm}, {@code memory_proj},
 * {@code attention_norm}, {@code attention}.
 */
public final class MemoryAsLayer extends MixerBlock {

  private final PersistentTokens persistent;
  private final NeuralMemory memory;
  private final RmsNorm memoryNorm;
  private final Linear memoryOutput;
  private final RmsNorm attentionNorm;
  private final MultiHeadAttention attention;

  /**
   * A mixer.
   *
   * @param config its sizes
   */
  public MemoryAsLayer(TitansConfig config) {
    int width = config.width();
    persistent = child("persistent", new PersistentTokens(config.persistent(), width));
    memory = child("memory", new NeuralMemory(config.memory()));
    memoryNorm = child("memory_norm", new RmsNorm(width));
    memoryOutput = child("memory_proj", new Linear(width, width, false));
    attentionNorm = child("attention_norm", new RmsNorm(width));
    attention =
        child(
            "attention",
            new MultiHeadAttention(
                AttentionConfig.causal(width, config.heads(), null).windowed(config.span())));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Prefixed said = Prefixed.memorize(pass, this, memory, persistent, hidden, sequences.valid());
    NDArray prefix = prefix(pass, hidden, said.prefix());
    NDArray branch = project(pass, said.rest());
    NDArray seen = attentionNorm.forward(pass, hidden.add(branch));
    return branch.add(attention.mix(pass, seen, prefix, sequences));
  }

  /** The persistent tokens as the attention sees them; remembered between pieces of sequences. */
  private NDArray prefix(Pass pass, NDArray hidden, NDArray said) {
    if (persistent.count() == 0) {
      return null;
    }
    if (said == null) {
      return pass.cache().of(this).borrow("prefix", hidden);
    }
    Shape shape = said.getShape();
    NDArray tokens = persistent.get(pass, hidden).broadcast(shape);
    NDArray prefix = attentionNorm.forward(pass, tokens.add(project(pass, said)));
    if (pass.cache() != null) {
      pass.cache().of(this).put("prefix", prefix);
    }
    return prefix;
  }

  private NDArray project(Pass pass, NDArray said) {
    return memoryOutput.forward(pass, memoryNorm.forward(pass, said));
  }
}
