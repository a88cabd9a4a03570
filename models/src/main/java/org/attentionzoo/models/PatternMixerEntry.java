package org.attentionzoo.models;

import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.PatternMixer;

/**
 * An attention that a paper offers to the benchmark of patterns.
 *
 * @param name for example {@code cab-attention}
 * @param paper the id of the paper it belongs to
 * @param summary one line
 * @param factory makes it
 */
public record PatternMixerEntry(String name, String paper, String summary, Factory factory) {

  /** Makes attentions. */
  @FunctionalInterface
  public interface Factory {
    /**
     * Makes an attention.
     *
     * @param sizes its width and heads
     * @param usual the pattern in which it is meant to be used; others that it supports work too
     * @return uninitialised
     */
    PatternMixer make(MixerEntry.Sizes sizes, AttentionPattern usual);
  }

  /**
   * A causal mixer of hidden states, as the self pattern that it is.
   *
   * @param mixer any mixer
   * @return an entry of the same name
   */
  static PatternMixerEntry of(MixerEntry mixer) {
    return new PatternMixerEntry(
        mixer.name(),
        mixer.paper(),
        mixer.summary(),
        (sizes, usual) -> PatternMixer.of(mixer.factory().make(sizes, 0)));
  }
}
