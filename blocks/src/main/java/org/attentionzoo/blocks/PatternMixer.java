package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.Set;

/** Something that attends in the patterns that it declares. */
public interface PatternMixer extends Block {

  /**
   * The patterns that it supports.
   *
   * @return at least one
   */
  Set<AttentionPattern> patterns();

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param pattern one that is supported
   * @param target (B, Lt, D) what attends
   * @param source (B, Ls, D) what is attended to; the target itself for self patterns
   * @param sequences padding and positions of the source
   * @return (B, Lt, D)
   * @throws UserException if the pattern is not supported
   */
  NDArray attend(
      Pass pass, AttentionPattern pattern, NDArray target, NDArray source, Sequences sequences);

  /**
   * Refuses a pattern that is not supported.
   *
   * @param pattern what was asked for
   */
  default void require(AttentionPattern pattern) {
    if (!patterns().contains(pattern)) {
      throw new UserException(
          getClass().getSimpleName()
              + " does not support "
              + pattern
              + "; it supports "
              + patterns());
    }
  }

  /**
   * Any mixer of hidden states as the self pattern that it is.
   *
   * @param mixer the mixer
   * @return it supports one pattern
   */
  static PatternMixer of(Mixer mixer) {
    return new SelfPattern(mixer);
  }
}
