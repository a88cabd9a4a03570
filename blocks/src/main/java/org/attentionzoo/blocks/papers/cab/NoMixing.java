package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;

/** The control of all four patterns: nothing is attended to, and zeros come out. */
public final class NoMixing extends ZooBlock implements PatternMixer {

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.allOf(AttentionPattern.class);
  }

  @Override
  public NDArray attend(
      Pass pass, AttentionPattern pattern, NDArray target, NDArray source, Sequences sequences) {
    return target.zerosLike();
  }

  /**
   * Gives zeros.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, width)
   * @return zeros of the same shape
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(inputs.head().zerosLike());
  }
}
